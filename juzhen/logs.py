"""Logs (日志): one JSON object a line on standard error, with ids and without personal data."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from kernel.secret import Secret

_NEVER = {"phone", "name", "openid", "unionid", "handle", "password", "token", "body", "text"}
"""What these keys hold is about a person or secret: it is named, never told."""


def start(level: str = "info", **bound: str) -> None:
    """Send our lines and those of the libraries the same way. ``bound`` is told on every line."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_people,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[lines], force=True)


def logger(**bound: Any) -> Any:
    return structlog.get_logger(**bound)


def _without_people(_: Any, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _without(key, value) for key, value in told.items()}


def _without(key: str, value: Any) -> Any:
    if key in _NEVER or isinstance(value, Secret):
        return "***"
    if isinstance(value, Mapping):
        return {name: _without(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_without("", each) for each in value]
    return value
