"""`graphql-app export`: a table as CSV, to a file or to standard output."""

from __future__ import annotations

import asyncio
from typing import IO

from graphql_app.cli.engine import opened_engine
from graphql_app.cli.progress import Advance
from graphql_app.config.settings import Settings
from graphql_app.csv_io.record_lines import header_line, record_lines, spreadsheet_header
from graphql_app.engine.request.bulk import RowForm, RowsRead
from graphql_app.engine.request.calls import Read, SelectColumn


def export_table(settings: Settings, table: str, out: IO[bytes], advance: Advance, *, spreadsheet: bool) -> None:
    """Writes the table's rows to `out`; `advance` is told how many. Raises `CannotRun` and `EmbeddedError`."""
    form = RowForm.SPREADSHEET if spreadsheet else RowForm.CSV
    asyncio.run(_export(settings, table, out, advance, form))


async def _export(settings: Settings, name: str, out: IO[bytes], advance: Advance, form: RowForm) -> None:
    async with opened_engine(settings) as engine:
        table = await engine.table(name)
        select = tuple(SelectColumn(each.name, each.name) for each in table.columns.values() if not each.invisible)
        rows = await engine.stream(engine.prepare(RowsRead(Read(table.name, select), form, whole=True)))
        try:
            header = spreadsheet_header if form is RowForm.SPREADSHEET else header_line
            out.write(header(show.key for show in select))
            async for batch in rows:
                out.write(record_lines(batch))
                advance(len(batch))
        finally:
            rows.close()
        out.flush()
