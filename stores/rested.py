"""Connections that rested (闲置连接): asked whether their server is still there, before their use.

Asking at every use doubles what a question costs, and a server that restarts under somebody's feet
is met anyway: whoever asks just then is told `Overloaded`.
"""

from __future__ import annotations

import math
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

RESTED = 1.0
"""Seconds."""
_SINCE = "resting_since"


def ping_the_rested(engine: Engine) -> None:
    """From now on; when one is found dead, the others of its age are thrown away unasked."""

    def rests(_: Any, kept: Any) -> None:
        kept.info[_SINCE] = time.monotonic()

    def wakes(connection: Any, kept: Any, _: Any) -> None:
        if time.monotonic() - kept.info.get(_SINCE, math.inf) < RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise InvalidatePoolError from gone

    event.listen(engine, "checkin", rests)
    event.listen(engine, "checkout", wakes)
