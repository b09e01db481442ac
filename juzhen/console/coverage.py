"""Coverage (覆盖): where the shelf has much and where it has nothing, as strips to look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from content_hub.tags.shipped import SHIPPED
from juzhen.console.desk import allowed
from juzhen.web import pages
from juzhen.web.asking import language
from matching.resistances import BY_DESIRE

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_ORDER = {word.code: at for at, word in enumerate(SHIPPED)}
"""From connecting to after-sales, and so on; the company's own words stand after those."""
_SHADES = 5
"""A cell is shaded by how its number compares with the largest of its strip."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/coverage")
    def coverage() -> str:
        allowed("read_shelf")
        tongue = language()
        types = [
            (each.code, each.en if tongue == "en" else each.zh) for each in platform.types.all()
        ]
        accounts = [(each.id, each.name) for each in platform.accounts.all()]
        return pages.render(
            "console/coverage.html",
            strips=[
                _strip(platform, "coverage_stage", "stage", "type", types),
                _strip(platform, "coverage_purpose", "purpose", "account", accounts),
                _strip(
                    platform,
                    "coverage_resistance",
                    "resistance",
                    "account",
                    accounts,
                    needed=_resisting(platform),
                ),
                _strip(platform, "coverage_device", "trust_device", "account", accounts),
            ],
        )


def _resisting(platform: Platform) -> dict[str, int]:
    """How many customers each resistance keeps from buying now, by how far along they are."""
    counts = platform.standings.desires()
    return {f"resistance.{name}": counts.get(step, 0) for step, name in BY_DESIRE.items()}


def _strip(
    platform: Platform,
    title: str,
    facet: str,
    column: str,
    columns: list[tuple[str, str]],
    needed: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    tongue = language()
    tags = sorted(
        (
            tag
            for tag in platform.taxonomy.now().by_id.values()
            if tag.facet == facet and tag.merged_into is None
        ),
        key=lambda tag: (_ORDER.get(tag.code, len(_ORDER)), tag.code),
    )
    counts = platform.overview.standing_by(
        column, [tag.id for tag in tags], platform.clock(),
        accounts=[each.id for each in platform.accounts.all()],
        sight=allowed("read_shelf").seen_units,
    )  # fmt: skip
    most = max(counts.values(), default=0)
    lacking, some = platform.overview.standing_without(
        [tag.id for tag in tags], platform.clock(),
        accounts=[each.id for each in platform.accounts.all()],
        sight=allowed("read_shelf").seen_units,
    ) if needed and tags else (0, [])  # fmt: skip
    return {
        "lacking": lacking,
        "some": list(platform.materials.many(some).values()),
        "title": title,
        "column": column,
        "columns": columns,
        "rows": [
            {
                "tag": tag,
                "label": tag.label(tongue),
                "needed": needed.get(tag.code),
                "cells": [_cell(counts.get((tag.id, code), 0), most) for code, _ in columns],
            }
            for tag in tags
        ],
    }


def _cell(count: int, most: int) -> tuple[int, int]:
    """The number and its shade, 0 for none."""
    return count, -(-count * _SHADES // most) if count else 0
