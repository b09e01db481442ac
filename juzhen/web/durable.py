"""Durable (落盘等待): how a door on the front's loop waits for a commit. Keeps nothing itself."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future


class Durable:
    """One loop's waiters. A commit is shared: no waiter may cancel it, and one call wakes them."""

    def __init__(self) -> None:
        self._group: tuple[Future[None], list[asyncio.Future[None]]] | None = None

    async def wait(self, kept: Future[None]) -> None:
        """Return once it is on the disk; raises why it is not."""
        loop, group = asyncio.get_running_loop(), self._group
        waiter: asyncio.Future[None] = loop.create_future()
        if group is not None and group[0] is kept:
            group[1].append(waiter)
        else:
            if kept.done():
                return kept.result()
            waiting = [waiter]  # before we are called: it may be done by then, and we at once
            self._group = kept, waiting
            here = threading.get_ident()

            def tell(_: Future[None]) -> None:
                if threading.get_ident() == here:  # it was committed on the loop itself
                    self._wake(kept, waiting)
                else:
                    loop.call_soon_threadsafe(self._wake, kept, waiting)

            kept.add_done_callback(tell)
        return await waiter

    def _wake(self, kept: Future[None], waiting: list[asyncio.Future[None]]) -> None:
        if self._group is not None and self._group[0] is kept:
            self._group = None  # who comes after finds it done
        wrong = kept.exception()
        for waiter in waiting:
            if waiter.done():  # who asked has gone
                continue
            if wrong is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(wrong)
