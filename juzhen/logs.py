"""Logs (日志): one JSON object a line on standard error, with ids and without personal data."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kernel.logs import OURS
from kernel.secret import Secret

_NEVER = {"phone", "name", "openid", "unionid", "handle", "password", "token", "body", "text"}
"""What these keys hold is about a person or secret: it is named, never told."""


def start(level: str = "info", **bound: str) -> None:
    """Send our lines and those of the libraries the same way. ``bound`` is told on every line."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_Line(bound))
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[lines], force=True)
    OURS.setLevel(threshold)


class _Line(logging.Formatter):
    def __init__(self, bound: Mapping[str, str]) -> None:
        super().__init__()
        self._bound = bound

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._bound,
            **_without("", getattr(record, "told", {})),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=repr)


def _without(key: str, value: Any) -> Any:
    if key in _NEVER or isinstance(value, Secret):
        return "***"
    if isinstance(value, Mapping):
        return {name: _without(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_without("", each) for each in value]
    return value
