"""A piece (一份素材): what is to be made, and the words for it, which stand in ``texts/``."""

from __future__ import annotations

import tomllib
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any

from kernel.values import dataclass

_TEXTS = Path(__file__).parent.with_name("texts")
DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One material to be made, and where and when it is to be shown."""

    code: str
    type: str
    title: str
    topic: str
    summary: str = ""
    body: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    motif: str = ""
    palette: int = 0
    made: int = DAYS
    """Days before today."""
    shown: tuple[float, float] | None = None
    """Opens and closes, in days from today; None is only in the library."""
    official: bool = False
    """On the official account too."""
    document: str = ""
    video: int = -1
    branch: int = -1
    campaign: str = ""


@cache
def texts(name: str) -> Any:
    """One file of words."""
    return tomllib.loads((_TEXTS / f"{name}.toml").read_text("utf-8"))


def topics() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = texts("topics")["topics"]
    return found


@cache
def topic(code: str) -> dict[str, Any]:
    return next(each for each in topics() if each["code"] == code)


def tagged(code: str, *more: str) -> tuple[str, ...]:
    return (f"topic.{code}", f"audience.{topic(code)['audience']}", *more)


def listed(title: str, lines: list[str]) -> str:
    return f"<h2>{title}</h2><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
