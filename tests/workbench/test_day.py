"""A rep's day tells itself: every tracked figure is counted from events, and nothing is typed."""

from datetime import timedelta

import pytest

from data_hub.measures import KPIS, untracked
from data_hub.measures.days import day_of
from kernel.events import Event
from tests.workbench.conftest import PHONE


@pytest.mark.rule("R14.3")
def test_the_days_report_has_every_tracked_figure_and_no_field(desk, rep):
    yesterday = desk.clock() - timedelta(days=1)
    acts = [("done", 0), ("done", 0), ("bought", 0), ("done", 1)]
    desk.history.put(
        [
            Event(
                id=f"d{n}", kind=kind, at=(desk.clock(), yesterday)[back], account="acc_app",
                rep=rep.staff,
            )
            for n, (kind, back) in enumerate(acts)
        ]
        + [Event(id="x", kind="done", at=desk.clock(), account="acc_app", rep="somebody else")],
        upto=1_000,
    )  # fmt: skip
    told = {
        each.kpi.code: (each.total, each.before)
        for each in day_of(desk.history, rep.staff, desk.clock().date())
    }
    assert told["tasks_done"] == (2, 1)
    assert told["orders"] == (1, 0)
    assert told.keys() == {code for code, kpi in KPIS.items() if kpi.tracked}

    page = desk.client().get("/workbench/day", headers=PHONE)
    assert page.status_code == 200
    main = page.text.partition("<main")[2].partition("</main>")[0]
    assert all(kpi.label() in main for kpi in (*KPIS.values(), *untracked()))
    assert not any(f"<{field}" in main for field in ("input", "textarea", "select", "form"))
