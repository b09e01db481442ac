"""The heartbeat (续租): renews the leases of sends that are running, from one thread a process.

A worker that is killed or frozen stops renewing, so that another may settle what it began. Decides
nothing about the deliveries themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from channels.deliveries.outbox import Deliveries
from channels.deliveries.record import Delivery
from kernel.errors import Overloaded


class Heartbeat:
    """Keeps what this process is sending from being taken for lost."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()
        self._rest = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, *deliveries: Delivery) -> Iterator[None]:
        """Renew their leases for the length of the block."""
        with self._lock:
            self._held |= {each.id: each.fence for each in deliveries}
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                for each in deliveries:
                    self._held.pop(each.id, None)

    def _beat(self) -> None:
        """Ends by itself when nothing has been held for a beat."""
        while True:
            self._rest.wait(self._deliveries.lease / 3)
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
                held = dict(self._held)
            # The next beat comes well before the lease ends.
            with suppress(SQLAlchemyError, Overloaded):
                self._deliveries.renew(held)
