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
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, delivery: Delivery) -> Iterator[None]:
        """Renew its lease for the length of the block."""
        with self._changed:
            self._held[delivery.id] = delivery.fence
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._held.pop(delivery.id, None)
                self._changed.notify()

    def _beat(self) -> None:
        """Ends by itself when nothing has been held for a beat."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._held, self._deliveries.lease / 3)
                if not self._held:
                    self._thread = None
                    return
                held = dict(self._held)
            with suppress(
                SQLAlchemyError, Overloaded
            ):  # the next beat comes well before the lease ends
                self._deliveries.renew(held)
