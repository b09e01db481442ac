"""Which figures a role sees first: five at most, unless somebody says why."""

import pytest

from data_hub.measures import KPIS, Boards, board
from kernel.actors import Role
from kernel.errors import Conflict, Invalid

SIX = [code for code, kpi in KPIS.items() if kpi.tracked][:6]


@pytest.fixture
def boards(any_records, any_changes, clock):
    return Boards(any_records, any_changes, clock)


def codes(chosen):
    return [kpi.code for kpi in chosen.kpis]


def test_nobody_chose_means_what_such_a_role_usually_sees(boards):
    assert codes(boards.of(Role.EDITOR)) == [kpi.code for kpi in board(Role.EDITOR)]


@pytest.mark.rule("R15.1", "R15.2")
def test_a_sixth_figure_needs_a_reason_which_is_kept(boards, any_changes):
    with pytest.raises(Conflict) as refused:
        boards.choose(Role.ANALYST, SIX, by="li", reason="  ")
    assert refused.value.reason == "board_is_full"
    assert len(codes(boards.of(Role.ANALYST))) <= 5

    chosen = boards.choose(Role.ANALYST, SIX, by="li", reason="年终要看转介绍")
    assert (codes(chosen), chosen.reason, chosen.by) == (SIX, "年终要看转介绍", "li")
    kept = any_changes.after("").changes[-1]
    assert (kept.act, kept.by, kept.detail["reason"]) == ("chose_board", "li", "年终要看转介绍")
    assert kept.detail["codes"] == SIX

    fewer = boards.choose(Role.ANALYST, SIX[:5], by="li", reason="年终要看转介绍")
    assert (codes(fewer), fewer.reason) == (SIX[:5], "")


@pytest.mark.parametrize("wanted", [[], ["nothing"], ["footfall"], ["orders", "call_minutes"]])
def test_only_what_events_tell_of_can_be_chosen(boards, wanted):
    with pytest.raises(Invalid):
        boards.choose(Role.ANALYST, wanted, by="li")


def test_there_is_an_end_to_it(boards):
    many = [code for code, kpi in KPIS.items() if kpi.tracked][:9]
    with pytest.raises(Conflict):
        boards.choose(Role.ANALYST, many, by="li", reason="因为")
