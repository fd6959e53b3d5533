"""Jobs that ask the database whether it can be worked with: read, and where that is asked, written."""

from __future__ import annotations

from dataclasses import replace

from graphql_app.engine.execute.attempt import Job
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import NO_WRITER, ConnectionLost, ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.host_roles import HostRole, Standing, role_sql, standing_of
from graphql_app.engine.mysql.server_errors import Phase, row_of, to_app_error
from graphql_app.engine.sql.fragment import finish, name, sql


def sign_of_life(table: str | None, *, writes: bool = False) -> Job[None]:
    """A job that looks at a table, for a server that has left its group still answers what needs none.

    `writes`: the server has to be one that takes them; else it fails as where there is no such server.
    """
    statement = b"SELECT 1" if table is None else finish(sql("SELECT 1 FROM ", name(table), " LIMIT 0")).render()

    async def look(session: Session) -> None:
        try:
            await session.query(statement)
        except ServerError as error:
            # Who says that a table is gone, or not for us, lives.
            if row_of(error).failure is not FailureClass.PERMANENT or to_app_error(error, Phase.STATEMENT).retry_after:
                raise
        if writes and (await _standing(session)).role is not HostRole.WRITER:
            raise ConnectionLost(NO_WRITER, sent=False, reason="the server takes no writes")

    return look


async def _standing(session: Session) -> Standing:
    features = session.features
    try:
        return standing_of(features, await session.query(*role_sql(features)))
    except ServerError as error:
        if error.statement == 0 or not features.sees_groups:
            raise
    # The account may not look at the members of a group.
    features = replace(features, sees_groups=False)
    return standing_of(features, await session.query(*role_sql(features)))
