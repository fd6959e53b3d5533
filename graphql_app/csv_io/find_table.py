"""The table that a file of rows is for."""

from __future__ import annotations

from graphql_app.csv_io.file_name import same_but_for_case, table_of
from graphql_app.engine.engine import Engine
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Table


async def table_for(engine: Engine, filename: str, said: str | None) -> Table:
    """The table that is `said`; else that which the file is called like, if need be in another case.

    Raises:
        RequestError: there is none, or several that differ in case alone.
        ServiceUnavailableException: no schema could be read yet.
    """
    name = said or table_of(filename)
    try:
        return await engine.table(name)
    except RequestError as error:
        other = None if said or error.code is not Code.UNKNOWN_TABLE else same_but_for_case(name, engine.catalog.tables)
        if other is None:
            raise
        return await engine.table(other)
