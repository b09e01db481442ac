"""Stocking (入库上架): makes the pieces of the library in the records, in small writes.

The platform's clock is moved along, so that everything carries the date it would have had.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from juzhen.demo.campaigns import CAMPAIGNS
from juzhen.demo.company import BY, Company
from juzhen.demo.home import NAME
from juzhen.demo.library import DAYS, Piece, texts, topic
from juzhen.demo.making import document, picture, video
from kernel.values import dataclass

if TYPE_CHECKING:
    from juzhen.wiring import Platform

BATCH = 8
"""Materials a transaction: well under the 100 ms for which a write may hold the lock."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """A piece, under the id it was given."""

    piece: Piece
    id: str


class Then:
    """A clock that is somewhere in the last 90 days, wherever the story is told."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Stock:
    """Fills the library and the shelves of one platform."""

    def __init__(self, platform: Platform, company: Company, clock: Then, today: datetime) -> None:
        self._platform = platform
        self._company = company
        self._clock = clock
        self._today = today
        self._media: dict[_Key, str] = {}

    def campaigns(self) -> None:
        """Twelve of them, past and to come."""
        self._clock.now = self._today - timedelta(days=DAYS)
        for code, name, kind, opens, closes, _ in CAMPAIGNS:
            self._platform.campaigns.create(
                name, code=code, kind=kind, by=BY,
                opens=self._opening(opens), closes=self._closing(closes),
            )  # fmt: skip

    def fill(self, pieces: Sequence[Piece], tell: Callable[[int], None]) -> list[Stocked]:
        """Make every piece, and place those that are to be shown."""
        self.draw(pieces)
        stocked: list[Stocked] = []
        for begin in range(0, len(pieces), BATCH):
            batch = pieces[begin : begin + BATCH]
            self._clock.now = self._today - timedelta(days=max(p.made for p in batch))
            with self._platform.records.write(*(f"code:{piece.code}" for piece in batch)):
                made = [Stocked(piece, self._make(piece)) for piece in batch]
            self._place(made)
            stocked += made
            tell(len(stocked))
        self._clock.now = self._today
        return stocked

    def _make(self, piece: Piece) -> str:
        files = self._files(piece)
        branch = self._company.branches[piece.branch] if piece.branch >= 0 else ""
        material = self._platform.materials.create(
            piece.type, piece.title, summary=piece.summary, body=piece.body,
            cover=files.pop("cover", ""),
            fields={**piece.fields, **files}, code=piece.code, unit=branch, by=BY,
            tags=[self._company.tags[code] for code in piece.tags],
        )  # fmt: skip
        return material.id

    def _place(self, made: Sequence[Stocked]) -> None:
        """On the app, and on the official account what is meant for it."""
        wanted = [each for each in made if each.piece.shown is not None]
        if not wanted:
            return
        with self._platform.records.write(*(f"placement:{each.id}" for each in wanted)):
            for each in wanted:
                accounts = [self._company.app.id]
                accounts += [self._company.official.id] if each.piece.official else []
                for account in accounts:
                    self._show(each, account)

    def _show(self, each: Stocked, account: str) -> None:
        opens, closes = each.piece.shown or (0.0, 1.0)
        self._platform.publishing.place(
            each.id, account, by=BY, opens=self._opening(opens), closes=self._closing(closes),
            campaign=each.piece.campaign,
        )  # fmt: skip

    def _opening(self, ago: float) -> datetime:
        """The midnight before it, as people plan; within the day, the next full hour."""
        moment = self._today + timedelta(days=ago)
        if ago == int(ago):
            return self._midnight(moment)
        return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

    def _closing(self, ago: float) -> datetime:
        """The midnight after it."""
        return self._midnight(self._today + timedelta(days=ago + 1))

    def _midnight(self, moment: datetime) -> datetime:
        zone = self._platform.zone
        return zone.at(zone.day(moment))

    def draw(self, pieces: Sequence[Piece]) -> None:
        """Every picture, document and video that they need; one drawing serves many."""
        wanted = sorted({key for piece in pieces for key in _keys(piece).values()})
        with ThreadPoolExecutor(os.cpu_count()) as hands:
            self._media = dict(zip(wanted, hands.map(self._drawn, wanted), strict=True))

    def _files(self, piece: Piece) -> dict[str, str]:
        return {part: self._media[key] for part, key in _keys(piece).items()}

    def _drawn(self, key: _Key) -> str:
        kind, name, number = key
        if kind == "document":
            data = document(*_booklet(name), NAME)
        elif kind == "video":
            data = video([picture(*_scene(number, step), poster=True) for step in range(3)])
        else:
            data = picture(name, number, poster=kind == "poster")
        suffix = {"document": "pdf", "video": "mp4"}.get(kind, "jpg")
        named = f"{name or kind}-{number}.{suffix}"
        return self._platform.media.take(data, by=BY, name=named).id


_Key = tuple[str, str, int]


def _keys(piece: Piece) -> dict[str, _Key]:
    """Which drawings a piece needs, by the part that they are."""
    keys: dict[str, _Key] = {}
    if piece.motif:
        poster = piece.type == "poster"
        keys["cover"] = (
            "poster" if poster else "cover", piece.motif, piece.palette % (4 if poster else 2)
        )  # fmt: skip
    if piece.document:
        keys["document"] = ("document", piece.document, 0)
    if piece.video >= 0:
        keys["video"] = ("video", "", piece.video)
    return keys


def _scene(number: int, step: int) -> tuple[str, int]:
    motifs = ("sunrise", "umbrella", "village", "chart", "tree", "book", "house", "steps")
    return motifs[(number + step) % len(motifs)], number + step


def _booklet(code: str) -> tuple[str, list[str]]:
    """A product's title and paragraphs."""
    product = next(each for each in texts("products")["products"] if each["code"] == code)
    about = topic(product["topic"])
    return product["name"], [
        "■ 适合谁", f"{product['who']}。", "■ 产品亮点", *_numbered(product["features"]),
        "■ 请您留意", *_numbered(product["cautions"]), "■ 配置时看四点",
        *_numbered(about["points"]), "■ 一问一答", about["question"], about["answer"],
        "■ 顾问提示", about["tip"],
        "本文件为演示内容，公司、产品与条款均为虚构，以正式合同和说明书为准。",
    ]  # fmt: skip


def _numbered(lines: Sequence[str]) -> list[str]:
    return [f"{number}. {line.rstrip('。')}。" for number, line in enumerate(lines, 1)]
