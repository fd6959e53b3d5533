"""What is asked of a database to see that it lives and serves its tables."""

from __future__ import annotations

from graphql_app.engine.execute.attempt import Job
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.server_errors import Phase, row_of, to_app_error
from graphql_app.engine.sql.fragment import finish, name, sql


def sign_of_life(table: str | None) -> Job[None]:
    """Asks `table` for no rows, or nothing of any table. Raises what says that the server does not serve."""
    statement = b"SELECT 1" if table is None else finish(sql("SELECT 1 FROM ", name(table), " LIMIT 0")).render()

    async def look(session: Session) -> None:
        try:
            await session.query(statement, last=True)
        except ServerError as error:
            # Who says that a table is gone, or not for us, lives.
            if row_of(error).failure is not FailureClass.PERMANENT or to_app_error(error, Phase.STATEMENT).retry_after:
                raise

    return look
