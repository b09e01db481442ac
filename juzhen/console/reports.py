"""The reports (报表): leaderboards, ad quality, reach, groups, landing pages, chains, response.

One page for all of them, each with its chart, its table, its CSV and its moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Response, request

from data_hub.ad_quality import Origin
from data_hub.reports.base import WORLDS, Cell, Column, Report
from data_hub.reports.keeping import CODES, OF_CUSTOMERS
from juzhen.console.boards import sheet
from juzhen.console.desk import allowed, done
from juzhen.console.split import asked_world, ends
from juzhen.web import charts, pages
from juzhen.web.asking import language
from kernel.actors import may
from kernel.errors import Invalid
from kernel.wording import say

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer

    from juzhen.wiring import Platform

_SAID = ("tier_", "stage_", "node_")
"""Cells that begin so are words of ours."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/reports")
    @door.get("/reports/<code>")
    def report_page(code: str = CODES[0]) -> str:
        actor = allowed("read_boards")
        told, tongue = _report(platform, code), language()
        return pages.render(
            "console/report.html", report=told, codes=CODES, title=say(f"reports_{code}", tongue),
            chart=charts.bars(
                [(_bar(code, name, tongue), n) for name, n in told.bars],
                say(f"reports_{code}", tongue),
            ),
            columns=[say(f"report_{each.name}", tongue) for each in told.columns],
            rows=[shown(told.columns, row, tongue) for row in told.rows],
            totals=shown(told.columns, told.totals, tongue) if told.totals else (),
            accounts=[(each.id, each.name) for each in platform.accounts.all()],
            today=platform.zone.day(platform.clock()),
            by_hand=code.startswith("quality") and may(actor, "note_spend"),
            world=asked_world(), worlds=WORLDS, several=code in OF_CUSTOMERS,
        )  # fmt: skip

    @door.get("/reports/<code>.csv")
    def report_csv(code: str) -> Response:
        allowed("read_boards")
        told = _report(platform, code)
        return sheet(code, [each.name for each in told.columns], told.rows)

    @door.get("/reports/quality/feedback.json")
    def report_feedback() -> Response:
        """For the ad side, in the shape that Ocean Engine's callback takes."""
        allowed("read_boards")
        body = orjson.dumps(platform.ads.feedback())
        return Response(body, content_type="application/json")

    @door.post("/reports/quality/spend")
    def report_spend() -> Answer:
        actor = allowed("note_spend")
        form = request.form
        origin = Origin(
            platform.accounts.one(form.get("account", "")).id,
            *(form.get(name, "").strip()[:120] for name in ("campaign", "creative", "bidder")),
        )  # fmt: skip
        platform.ads.note(
            origin, _day("day"), _money("amount"), rebate=_money("rebate"), by=actor.id
        )  # fmt: skip
        return done("report_page", "noted_spend", code="quality")


def _report(platform: Platform, code: str) -> Report:
    return platform.reports.of(code, ends(platform.accounts.all()), asked_world())


def _bar(code: str, name: str, tongue: str) -> str:
    """What a bar is called: of some reports the last of its name is a code."""
    head, dot, last = name.rpartition(" · ")
    words = {"tiers": last, "sources": f"source_{last}", "latency": f"reminder_{last}",
             "chain": f"report_chain_{last}"}.get(code)  # fmt: skip
    return f"{head}{dot}{say(words, tongue)}" if words else name


def shown(columns: Sequence[Column], row: Sequence[Cell], tongue: str) -> list[str]:
    """A row as people read it."""
    return [_cell(column, cell, tongue) for column, cell in zip(columns, row, strict=True)]


def _cell(column: Column, cell: Cell, tongue: str) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        named = {"ecosystem": f"world_{cell}", "source_type": f"source_{cell}",
                 "task": f"reminder_{cell}"}.get(column.name, "")  # fmt: skip
        if named and cell:
            return say(named, tongue)
        return say(cell, tongue) if cell.startswith(_SAID) else cell
    formats: dict[str, Any] = {
        "share": "{:.1%}", "points": "{:+.1%}", "money": "¥{:,.2f}", "ratio": "{:.2f}",
        "seconds": "{:,.1f}",
    }  # fmt: skip
    if column.kind == "flag":
        return say("yes" if cell else "no", tongue)
    text: str = formats.get(column.kind, "{:,}").format(cell)
    return text


def _money(name: str) -> float:
    text = request.form.get(name, "").strip() or "0"
    try:
        return float(text)
    except ValueError:
        raise Invalid(name, "not_a_number") from None


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise Invalid(name, "not_a_date") from None
