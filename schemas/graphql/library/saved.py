"""Saved views (视图), as this room asks for them: who keeps them is above its floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol


class View(Protocol):
    """What is told of a saved view."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def asked(self) -> dict[str, Any]: ...
    @property
    def made(self) -> datetime: ...
    @property
    def shared(self) -> datetime | None: ...


class SavedViews(Protocol):
    """Keeps the searches that somebody saved, page by page."""

    def of(self, page: str, by: str) -> Sequence[View]: ...

    def save(
        self, page: str, title: str, asked: Mapping[str, Sequence[str]], *,
        by: str, shared: bool = False,
    ) -> View: ...  # fmt: skip

    def remove(self, view: str, *, by: str) -> None: ...
