"""The board and the forecast (看板与预测): five figures of a role, where customers stand, who buys
next. Every figure says as of when; every table leaves as CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Redirect

from content_hub.sheets import harmless
from data_hub.catalogue import called
from data_hub.customers import Customer
from data_hub.measures import BOARDS, KPIS, Figure, untracked
from data_hub.measures.buyers import Among
from data_hub.prediction import Predicted
from data_hub.reports.base import WORLDS
from juzhen.console.desk import allowed, done, flaws_of, names_of
from juzhen.console.split import part
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.actors import Actor, Role, may
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

Answer = Redirect | tuple[str, int]
_DUE = timedelta(days=7)
_SHOWN, _MOST = 50, 1_000
"""So many who are due are looked through, or told in a sheet."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/board")
    def board_page() -> str:
        return _page(platform, allowed("read_boards").role)

    @door.post("/board")
    def choose_board() -> Answer:
        """Choose what a role sees first; a sixth figure needs a reason."""
        actor, form = allowed("manage_boards"), request.form
        role = next((each for each in BOARDS if each.value == form.get("role")), actor.role)
        try:
            platform.boards.choose(
                role, form.getlist("codes"), by=actor.id, reason=form.get("reason", "")
            )
        except (Invalid, Conflict) as refused:
            return _page(platform, actor.role, flaws_of(refused)), 422
        return done("board_page", "board_chosen")

    @door.get("/board/<code>")
    def board_figure(code: str) -> str:
        allowed("read_boards")
        figure = _figure(platform, code)
        return pages.render(
            "console/figure.html", figure=figure, chart=_chart(figure, language()),
            kinds=[(kind, _label(kind)) for kind in figure.kpi.kinds],
        )  # fmt: skip

    @door.get("/board/<code>.csv")
    def board_csv(code: str) -> Response:
        allowed("read_boards")
        figure = _figure(platform, code)
        return sheet(code, ("day", code), ((day, count) for day, count in figure.series))

    @door.get("/forecast")
    def forecast() -> str:
        """Who is likely to buy within a week, and how good such words were."""
        actor = allowed("read_boards")
        ends, among = part(platform)
        due, names = _due(platform, actor, among, _SHOWN)
        return pages.render(
            "console/forecast.html", fitted=platform.predictions.fitted(), due=due, names=names,
            world=ends.world, worlds=WORLDS,
            now=platform.clock(), day=lambda seconds: platform.zone.day(_moment(seconds)),
        )  # fmt: skip

    @door.get("/forecast.csv")
    def forecast_csv() -> Response:
        actor = allowed("read_boards")
        rows = (
            (each.customer, *(_moment(at).isoformat() for at in _ends(each)),
             *(f"{chance:.4f}" for chance in each.chances.values()), f"{each.value:.2f}")
            for each in _due(platform, actor, part(platform)[1], _MOST)[0]
        )  # fmt: skip
        names = ("customer", "likely", "earliest", "latest", "in_2w", "in_4w", "in_13w", "value")
        return sheet("forecast", names, rows)


def _due(
    platform: Platform, actor: Actor, among: Among, limit: int
) -> tuple[list[Predicted], Mapping[str, Customer]]:
    """Who is likely to buy within a week, in the ecosystem that is asked for: of customers whom the
    asker may see, if he may see any, and these by id."""
    everybody = among is None and actor.reach is None
    due = platform.predictions.due(_DUE, limit if everybody else _MOST)
    due = [each for each in due if among is None or among(each.customer)]
    if not may(actor, "read_customers"):
        return due[:limit], {}
    seen = platform.customers.seen_by(actor).many([each.customer for each in due])
    return [each for each in due if each.customer in seen][:limit], seen


def _page(platform: Platform, role: Role, flaws: Sequence[Flaw] = ()) -> str:
    board, tongue = platform.boards.of(role), language()
    figures = [_figure(platform, kpi.code) for kpi in board.kpis]
    ends, among = part(platform)
    return pages.render(
        "console/board.html",
        board=board,
        most=platform.boards.most,
        chosen_by=names_of(platform, [board.by]).get(board.by, board.by),
        figures=[(each, _chart(each, tongue)) for each in figures],
        worlds=_worlds(figures),
        funnel=platform.measures.funnel(among),
        world=ends.world,
        split=WORLDS,
        vip=next(iter(platform.vips.weeks(1)), None),
        more=list(KPIS.values()),
        untracked=untracked(),
        roles=[(each.value, say(f"role_{each}", tongue)) for each in BOARDS],
        label=_label,
        flaws=flaws,
    )


def _label(kind: str) -> str:
    """What people call an event of this kind."""
    return called(kind, language())


def _figure(platform: Platform, code: str) -> Figure:
    if code not in KPIS:
        raise NotFound("kpi", code)
    worlds = {each.id: each.ecosystem for each in platform.accounts.all()}
    return platform.measures.figure(KPIS[code], worlds)


def _chart(figure: Figure, tongue: str) -> Any:
    named = [(day.isoformat(), float(count)) for day, count in figure.series]
    return charts.bars(named, figure.kpi.label(tongue))


def _worlds(figures: Sequence[Figure]) -> list[str]:
    return sorted({world for each in figures for world in each.by_ecosystem})


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _ends(predicted: Any) -> tuple[float, float, float]:
    window = predicted.window
    return window.likely, window.earliest, window.latest


def sheet(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as CSV, of which no spreadsheet runs anything."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(columns)
    sheet.writerows([harmless(each) for each in row] for row in rows)
    return Response(
        out.getvalue(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )  # fmt: skip
