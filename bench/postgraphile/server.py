"""PostGraphile as a contender: its queries, with aliases that give the answers the others' names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.contenders import POSTGRAPHILE, Contender, Running, post, spawned
from bench.postgraphile import postgres
from bench.workloads import Variables, Workload
from tests.harness.ports import free_port
from tests.harness.servers import NotInstalled

_TRACK: Final = "id:rowId name album_id:albumId genre_id:genreId composer milliseconds bytes unit_price:unitPrice"
_EVENT: Final = (
    "id:rowId user_id:userId kind created_at:createdAt day path referrer status duration amount successful note"
)
_DOCUMENTS: Final[Mapping[str, str]] = {
    "by_key": "query($id:Int!){albums_by_pk:albumByRowId(rowId:$id){id:rowId title artist_id:artistId}}",
    "list": f"query($offset:Int!){{tracks:allTracksList(orderBy:[ROW_ID_ASC],first:100,offset:$offset){{{_TRACK}}}}}",
    "nested": "query($offset:Int!){artists:allArtistsList(orderBy:[ROW_ID_ASC],first:20,offset:$offset){id:rowId name"
    " albums:albumsByArtistIdList(orderBy:[ROW_ID_ASC]){id:rowId title tracks:tracksByAlbumIdList(orderBy:[ROW_ID_ASC])"
    "{id:rowId name milliseconds unit_price:unitPrice genre:genreByGenreId{id:rowId name}}}}}",
    "filtered": "query($genre:Int!,$longer:Int!){tracks:allTracksList(filter:{genreId:{equalTo:$genre},"
    f"milliseconds:{{greaterThan:$longer}}}},orderBy:[MILLISECONDS_DESC,ROW_ID_ASC],first:20){{{_TRACK}}}}}",
    "big_nested": "{artists:allArtistsList(orderBy:[ROW_ID_ASC]){id:rowId name"
    " albums:albumsByArtistIdList(orderBy:[ROW_ID_ASC]){id:rowId title"
    " tracks:tracksByAlbumIdList(orderBy:[ROW_ID_ASC]){id:rowId name milliseconds}}}}",
    "rows_10000": "query($after:Int!){events:allEventsList(filter:{rowId:{greaterThan:$after}},orderBy:[ROW_ID_ASC],"
    f"first:10000){{{_EVENT}}}}}",
    "insert_one": "mutation($object:CommentInput!){insert_comments_one:createComment(input:{comment:$object})"
    "{comment{id:rowId track_id:trackId author body rating}}}",
}


def _request(workload: Workload, values: Variables) -> bytes | None:
    document = _DOCUMENTS.get(workload.name)
    if document is None:
        return None
    if workload.writes:
        given = dict(values["object"])
        values = {"object": {"trackId": given.pop("track_id"), **given}}
    return post("/graphql", {"query": document, "variables": values})


def _meaning(workload: Workload, answer: Any) -> Any:
    (value,) = answer["data"].values()
    if workload.writes:
        return {name: column for name, column in value["comment"].items() if name != "id"}
    if workload.name == "rows_10000":
        # Its moments always have six decimals; those of the data have none.
        return [row | {"created_at": row["created_at"].removesuffix(".000000")} for row in value]
    return value


def folder() -> Path:
    """Where `install.sh` puts PostGraphile."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphql-app" / "postgraphile"


@contextmanager
def running_if_installed(say: Callable[[str], None]) -> Iterator[list[Running]]:
    """PostGraphile for the length of a `with`; nobody, and a line that says so, where it is not installed."""
    programs = folder() / "node_modules"
    node, main = programs / "node/bin/node", programs / "postgraphile/dist/cli-run.js"
    with ExitStack() as stack:
        try:
            if not main.exists():
                raise NotInstalled("PostGraphile is not installed; bench/postgraphile/install.sh installs it")
            database = stack.enter_context(postgres.running())
        except NotInstalled as absent:
            say(f"left out: {absent}")
            yield []
            return
        say(f"PostgreSQL {database.version} loaded")
        port = free_port()
        environment = {
            "BENCH_POSTGRES": database.url,
            "PORT": str(port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        }
        command = [str(node), str(main), "--config", str(folder() / "graphile.config.mjs")]
        pid = stack.enter_context(spawned(POSTGRAPHILE, command, environment, port, folder()))
        yield [Running(Contender(POSTGRAPHILE, _request, _meaning), port, pid, database.pid)]
