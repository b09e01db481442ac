"""Patience (等待期限): a deadline for much that is waited for, with one timer for all.

A timer for each body cost the loop as much as reading it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Patience:
    """How long one loop's tasks may wait for something, give or take a tenth."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[asyncio.Task[Any], float] = {}
        self._looking = False

    async def whole(self, coming: Awaitable[T]) -> T:
        """What is waited for; raises TimeoutError where it does not come in time."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a task can be called off")
        self._until[task] = loop.time() + self._seconds
        if not self._looking:
            self._looking = True
            loop.call_later(self._seconds / 10, self._look, loop)
        try:
            return await coming
        except asyncio.CancelledError:
            if task in self._until or task.uncancel() > 0:
                raise  # somebody else called it off
            raise TimeoutError from None
        finally:
            self._until.pop(task, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call off whoever has waited too long."""
        now = loop.time()
        for task in [task for task, until in self._until.items() if until < now]:
            del self._until[task]
            task.cancel()
        self._looking = bool(self._until)
        if self._looking:
            loop.call_later(self._seconds / 10, self._look, loop)
