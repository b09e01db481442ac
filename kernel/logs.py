"""Logs (日志): a line is an event and what is told of it. Writes none: `juzhen.logs` does."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

OURS = logging.getLogger("juzhen")
_BOUND: ContextVar[Mapping[str, Any]] = ContextVar("bound")


def detailed() -> bool:
    """Is there anybody who wants every detail?"""
    return OURS.isEnabledFor(logging.DEBUG)


def debug(event: str, **told: Any) -> None:
    _say(logging.DEBUG, event, told)


def info(event: str, **told: Any) -> None:
    _say(logging.INFO, event, told)


def warning(event: str, **told: Any) -> None:
    _say(logging.WARNING, event, told)


def error(event: str, failure: BaseException | None = None, **told: Any) -> None:
    """``failure`` is told with its traceback."""
    _say(logging.ERROR, event, told, failure)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Every line from in here tells them, too."""
    before = _BOUND.set({**_BOUND.get({}), **ids})
    try:
        yield
    finally:
        _BOUND.reset(before)


def bind(**ids: str) -> None:
    """From now on every line of this thread tells these, and nothing that was bound before."""
    _BOUND.set(ids)


def _say(
    level: int, event: str, told: Mapping[str, Any], failure: BaseException | None = None
) -> None:
    if OURS.isEnabledFor(level):
        told = {**_BOUND.get({}), **told}
        OURS.log(level, event, exc_info=failure, extra={"told": told})
