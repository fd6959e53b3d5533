"""Which characters a column's character set has, and how a text that it lacks some of is compared. Pure.

The server turns a literal into the column's character set before it compares them, and refuses what that cannot hold
(errors 1267, 1270, 3854). An explicit collation makes it turn the column into utf8mb4 instead: then the text is
compared as what it is, and equals no row.
"""

from __future__ import annotations

from typing import Final

from schema_gen.sql_literals import quote_text

_WHOLE: Final = frozenset({None, "utf8mb4", "utf16", "utf16le", "utf32", "gb18030", "binary"})
_NARROW: Final = frozenset({"utf8mb3", "utf8", "ucs2"})
_CODECS: Final = {
    "ascii": "ascii",
    "latin1": "cp1252",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "macroman": "mac_roman",
    "macce": "mac_latin2",
    "tis620": "tis_620",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "big5": "big5",
    "euckr": "euc_kr",
    "sjis": "shift_jis",
    "cp932": "cp932",
    "ujis": "euc_jp",
    "eucjpms": "euc_jp",
}
"""Python's names."""
_LACKING: Final = {
    "cp1256": "\u0679\u0688\u0691\u06a9\u06ba\u06be\u06c1\u06d2",
    "cp866": "\xa4\u2116",
    "greek": "\u037a\u2018\u2019\u20ac\u20af",
    "hebrew": "\xaf",
    "koi8u": "\u2219",
    "big5": "\u02cd\u2574\uffe3",
    "sjis": "\xa5\u203e\uff3c",
    "cp932": "\x80\xa2\xa3\xac\u2016\u2212\u301c\uf8f0\uf8f1\uf8f2\uf8f3",
    "ujis": "\xa5\u203e\uff3c",
    "eucjpms": "\xa2\xa3\xa5\xa6\xac\u2016\u203e\u2212\u301c",
}
"""What Python has and the servers have not. (What only they have is compared exactly.)"""
_HOLES: Final = dict.fromkeys(map(ord, "\x81\x8d\x8f\x90\x9d"))
"""The servers' latin1 is cp1252 without its holes."""
_SURE: Final = frozenset({*_CODECS, *_NARROW}) - {*_LACKING, "tis620"}
"""Where both agree on every character."""


def fits(text: str, charset: str | None) -> bool:
    """Whether a column of this character set can hold the text."""
    if charset in _WHOLE or text.isascii():
        return True
    if charset in _NARROW:
        return max(text) <= "\uffff"
    if charset == "latin1":
        text = text.translate(_HOLES)
    try:
        text.encode(_CODECS[charset or ""])
    except (KeyError, UnicodeEncodeError):
        return False
    return set(_LACKING.get(charset or "", "")).isdisjoint(text)


def surely_lacks(text: str, charset: str | None) -> bool:
    """Whether the server would refuse to store the text."""
    return charset in _SURE and not fits(text, charset)


def compared_text(text: str, charset: str | None) -> bytes:
    """The literal for `=` and LIKE beside a column of this character set. Raises `ValueError` as `quote_text`."""
    return quote_text(text) if fits(text, charset) else exactly(quote_text(text))


def exactly(literal: bytes) -> bytes:
    """A text's literal that is compared by its characters, whatever it stands beside."""
    return literal + b" COLLATE utf8mb4_bin"


def by_order(literal: bytes, collation: str | None) -> bytes:
    """A text's literal that is compared as the column's own collation would, as far as utf8mb4 has a like one."""
    exact = (collation or "").endswith(("_bin", "_cs"))
    return exactly(literal) if exact else literal + b" COLLATE utf8mb4_general_ci"
