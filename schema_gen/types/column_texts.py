"""Templates of the texts that the database makes of values: JSON, and keys. `{c}` stands for the column's SQL. Pure.

Used through `schema_gen.types.column_types`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# A column that became a number a moment ago is still shown as text: quoted by itself it would be NULL, or refused.
TEXT_SQL: Final = "JSON_QUOTE(CONCAT({c}))"
# A text beside a bare UUID, as in IFNULL, would be read as one.
PLAIN_SQL: Final = "CONCAT({c})"
QUOTED: Final = "CONCAT('\"',{c},'\"')"
HEX_TEXT: Final = "HEX(CONVERT({c} USING utf8mb4))"
WORD_SQL: Final = "JSON_QUOTE(CONVERT({c} USING utf8mb4))"
# A zero date, or one without month or day, is none; what may be NULL is looked at elsewhere.
DAY: Final = "IF(MONTH({{c}})*DAY({{c}})=0,'null',{})"
MOMENT: Final = "CONCAT('\"',INSERT({c},11,1,'T'),'\"')"
INSTANT: Final = "CONCAT('\"',INSERT({c},11,1,'T'),'+00:00\"')"
TRUTH: Final = "CASE {c}=0 WHEN 1 THEN 'false' WHEN 0 THEN 'true' END"


# MySQL and MariaDB keep 22 characters of a double's text in tables of their own. MySQL shows all digits of an
# aggregate in JSON only.
def wide(most: int) -> Mapping[str, str]:
    """The texts of a double, of at most so many characters, by flavour."""
    return MappingProxyType(dict.fromkeys(("mysql", "mariadb"), f"CAST({{c}} AS CHAR({most}))"))


# The short text (six digits) where it names this very float, all digits of it as a double where not.
SHORT: Final = "CONCAT(CAST({c} AS FLOAT))"
FLOAT_SQL: Final = f"IF(CAST({SHORT} AS FLOAT)={{c}},{SHORT},CAST({{c}}+0e0 AS CHAR(80)))"
# Members hold no commas; the empty set and a set of the member '' differ in the number only.
SET_SQL: Final = "IF({c}+0=0,'[]',CONCAT('[',REPLACE(JSON_QUOTE(CONVERT({c} USING utf8mb4)),',','\",\"'),']'))"
BASE64_SQL: Final = "CONCAT('\"',REPLACE(TO_BASE64({c}),'\\n',''),'\"')"
# A geometry's own reference system goes with it, where the column does not insist on one.
GEOMETRY: Final = (
    'IF(ST_SRID({c})=0,ST_AsGeoJSON({c}),CONCAT(\'{"crs":{"type":"name","properties":'
    '{"name":"urn:ogc:def:crs:EPSG::\',ST_SRID({c}),\'"}},\',SUBSTRING(ST_AsGeoJSON({c}),2)))'
)
SHORT_DECIMAL: Final = "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CONCAT({c})))"
