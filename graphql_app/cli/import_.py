"""`graphql-app import`: files of CSV or JSON lines, each named like its table, by the same way as over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from graphql_app.cli.engine import opened_engine
from graphql_app.cli.progress import Advance, progress
from graphql_app.config.settings import Settings
from graphql_app.csv_io.bad_rows import BadRows
from graphql_app.csv_io.cells import BadRow
from graphql_app.csv_io.file_name import is_json_lines
from graphql_app.csv_io.find_table import table_for
from graphql_app.csv_io.importing import Options, Report, import_csv
from graphql_app.server.errors import CannotRun

_CHUNK = 64 * 1024


def import_files(
    settings: Settings, files: Sequence[Path], options: Options, table: str | None = None
) -> list[tuple[Report, list[BadRow]]]:
    """What became of each file, with its first refused rows. Raises `CannotRun` and `EmbeddedError`."""
    for file in files:
        if not file.is_file():
            raise CannotRun(f"there is no file {file}")
    return asyncio.run(_import(settings, files, options, table))


async def _import(
    settings: Settings, files: Sequence[Path], options: Options, into: str | None
) -> list[tuple[Report, list[BadRow]]]:
    done = []
    async with opened_engine(settings) as engine:
        for file in files:
            table = await table_for(engine, file.name, into)
            how = replace(options, json_lines=is_json_lines(file.name))
            with file.open("rb") as data, BadRows() as bad, progress(file.name, file.stat().st_size) as advance:
                report = await import_csv(engine, table, how, _chunks(data, advance), bad.add)
                done.append((report, bad.first))
    return done


async def _chunks(data: IO[bytes], advance: Advance) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(data.read, _CHUNK):
        advance(len(chunk))
        yield chunk
