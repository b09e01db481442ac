"""Opened (开启的事务): a transaction that is open in one thread, and its session if it has one.

A session costs several times what two bare statements cost, so a small write has none until
somebody who takes part wants one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session


class Opened:
    """A transaction, begun by `stores.records`."""

    def __init__(
        self,
        about: tuple[str, ...] | None,
        *,
        session: Session | None = None,
        connection: Connection | None = None,
    ) -> None:
        """``about`` is what is decided on; None in a snapshot. One of the other two is given."""
        self.about = about
        self.true: dict[Any, Any] = {}
        """What was found to be true in this snapshot."""
        self._session = session
        self._connection = connection

    @property
    def session(self) -> Session:
        if self._session is None:
            assert self._connection is not None  # noqa: S101 - one of the two was given
            self._session = Session(self._connection, expire_on_commit=False)
            self._session.begin()
        return self._session

    @property
    def connection(self) -> Connection:
        """The connection, which has been told of everything that was done before."""
        if self._session is None:
            assert self._connection is not None  # noqa: S101 - one of the two was given
            return self._connection
        self._session.flush()
        return self._session.connection()

    @property
    def driver(self) -> Any:
        """The same as the bare driver's."""
        return self.connection.connection.driver_connection

    def finish(self) -> None:
        """Hand over what a session that was made here still keeps to itself."""
        if self._session is not None and self._connection is not None:
            self._session.commit()

    def close(self) -> None:
        """Let go of such a session; what was not finished is not done."""
        if self._session is not None and self._connection is not None:
            self._session.close()
