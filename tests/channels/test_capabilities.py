"""Limits are dated, and a platform's day turns at its own midnight, wherever the company is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from channels.capabilities import Capabilities, Limits
from channels.previewing import Previewing
from channels.varying import Varying
from juzhen.wiring import CHANNELS
from kernel.calendar import Zone
from kernel.errors import Invalid
from tests.channels.house import BoardChannel, Pictures

BEFORE, AFTER = (
    datetime(2026, 5, 31, 15, 59, tzinfo=UTC),
    datetime(2026, 5, 31, 16, 1, tzinfo=UTC),
)


def limits(since, title):
    return Limits(
        since=since, source="us", shows=frozenset({"article"}), title=title,
        mailed_at_once=title, person_day=title,
    )  # fmt: skip


TURNS = Capabilities((limits(date(2026, 1, 1), 32), limits(date(2026, 6, 1), 4)))


class Turning(BoardChannel):
    """From the first of June on it takes titles of four characters."""

    capabilities = TURNS

    def preview(self, post, *, tester):
        self.board.previewed.append(tester)


@pytest.fixture
def turning(house):
    house.channels._factories["turning"] = lambda account, _: Turning(house.board)
    return house.account("turning", "turning")


@pytest.mark.parametrize(
    ("moment", "zone", "title"),
    [
        (BEFORE, Zone(), 32), (AFTER, Zone(), 4), (AFTER, Zone("UTC"), 32),
        (AFTER + timedelta(hours=8), Zone("UTC"), 4), (BEFORE - timedelta(days=999), Zone(), 32),
    ],
)  # fmt: skip
def test_the_platforms_own_day_decides(moment, zone, title):
    assert Capabilities(TURNS.history, zone).at(moment).title == title


def test_all_the_platforms_that_we_know_are_at_home_in_china():
    assert {each.capabilities.zone for each in CHANNELS.values()} == {Zone("Asia/Shanghai")}


def test_placing_previewing_and_saying_it_otherwise_turn_at_its_midnight(house, turning, clock):
    made = house.material("退休后的养老规划")
    otherwise = Varying(
        materials=house.materials, types=house.types, accounts=house.accounts,
        channels=house.channels, media=Pictures(), clock=clock,
    )  # fmt: skip
    testers = Previewing(
        house.records, house.changes, house.accounts, house.channels, house.materials,
        house.composer, clock,
    )  # fmt: skip
    clock.now = BEFORE
    assert house.publishing.flaws_of(made.id, turning) == []
    assert otherwise.limits(turning).title == 32
    assert otherwise.flaws(made.id, turning, {"title": "五个字的题"}) == []
    testers.show(made.id, turning.id, "wx_1", by="li")
    clock.now = AFTER
    (flaw,) = house.publishing.flaws_of(made.id, turning)
    assert (flaw.field, flaw.reason) == ("title", "channel_text_too_long")
    assert otherwise.limits(turning).title == 4
    assert [each.field for each in otherwise.flaws(made.id, turning, {"title": "五个字的题"})] == [
        "title"
    ]
    with pytest.raises(Invalid):
        testers.show(made.id, turning.id, "wx_1", by="li")
    assert house.board.previewed == ["wx_1"]
