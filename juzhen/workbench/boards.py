"""Boards (打榜、日报): where reps stand, by deals and by what customers say; what a day came to.

Shows what `data_hub.leaderboards` and `data_hub.measures` count. Whoever left the boards still sees
what customers said of her.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import kind_of
from data_hub.leaderboards import Period, Ranking
from data_hub.measures import untracked
from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.workbench.saying import rep

if TYPE_CHECKING:
    from juzhen.wiring import Platform

Word = TypeVar("Word", bound=StrEnum)


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/boards")
    def boards() -> Response:
        actor = rep()
        ranking = _asked(Ranking, "of", Ranking.PERFORMANCE)
        period = _asked(Period, "period", Period.WEEK)
        return pages.page(
            "workbench/boards.html", tab="me", unread=platform.reminders.unread(actor.staff),
            ranking=ranking, period=period, rankings=list(Ranking), periods=list(Period),
            board=platform.leaderboards.board(ranking, period), me=actor.staff,
            listed=actor.staff not in platform.leaderboards.left(), label=label,
            as_of=platform.zone.local(platform.clock()),
        )  # fmt: skip

    @door.get("/day")
    def day() -> Response:
        actor = rep()
        figures = platform.measures.day_of(actor.staff)
        return pages.page(
            "workbench/day.html", tab="me", unread=platform.reminders.unread(actor.staff),
            moved=[each for each in figures if each.total or each.before],
            still=[each for each in figures if not (each.total or each.before)],
            untracked=untracked(), label=label,
            as_of=platform.zone.local(platform.clock()),
        )  # fmt: skip

    @door.post("/boards")
    def stand() -> AnyResponse:
        """Leave the boards, or come back to them. Repeating is harmless."""
        actor = rep()
        if request.form.get("listed") == "yes":
            platform.leaderboards.come_back(actor.staff, by=actor.id)
            said = "done_boards_back"
        else:
            platform.leaderboards.leave(actor.staff, by=actor.id)
            said = "done_boards_left"
        return redirect(url_for("workbench.boards", said=said), 303)


def label(kind: str) -> str:
    """An event's kind as people say it."""
    return kind_of(kind).label(language())


def _asked(words: type[Word], name: str, usual: Word) -> Word:
    told = request.args.get(name, "")
    return words(told) if told in set(words) else usual
