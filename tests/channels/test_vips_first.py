"""What opens for VIPs first: theirs so many hours before, nobody else's a moment sooner."""

from datetime import timedelta

import pytest

from kernel.actors import VIPS
from kernel.errors import Invalid

DAY = timedelta(days=1)


@pytest.fixture
def app(house):
    return house.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="li")


@pytest.fixture
def material(house):
    return house.material("新品：稳盈三年").id


def told(house, account, sight):
    return [each.id for each in house.shelf.page(account, sight=sight).items]


@pytest.mark.rule("R157.2")
def test_vips_find_it_a_day_before_and_others_at_its_opening(house, app, material, clock):
    opens = clock() + 2 * DAY
    house.publishing.place(material, app.id, opens=opens, closes=opens + DAY, vip_hours=24, by="li")
    hers, everybodys = ["", VIPS], [""]
    for ahead, vip, other in (
        (timedelta(hours=24, microseconds=1), [], []),
        (timedelta(hours=24), [material], []),
        (timedelta(microseconds=1), [material], []),
        (timedelta(0), [material], [material]),
    ):
        clock.now = opens - ahead
        assert told(house, app.id, hers) == vip, ahead
        assert told(house, app.id, everybodys) == other, ahead
        assert house.shelf.standing_ids(app.id, [material]) == set(other)
        assert house.shelf.standing_ids("", [material], early=True) == set(vip)
    clock.now = opens + DAY
    assert told(house, app.id, hers) == told(house, app.id, everybodys) == []


@pytest.mark.parametrize(
    ("hours", "ahead", "why"),
    [(721, 900, "vip_hours_out_of_range"), (-1, 900, "vip_hours_out_of_range"),
     (24, 23, "too_late_for_vips_first")],
)  # fmt: skip
def test_what_cannot_be_early_is_refused_and_nothing_is_placed(
    house, app, material, clock, hours, ahead, why
):
    opens = clock() + timedelta(hours=ahead)
    with pytest.raises(Invalid) as refusal:
        house.publishing.place(
            material, app.id, opens=opens, closes=opens + DAY, vip_hours=hours, by="li"
        )
    assert [(each.field, each.reason) for each in refusal.value.flaws] == [("vip_hours", why)]
    assert house.shelf.of_material(material) == []


def test_a_post_that_everybody_sees_is_for_nobody_first(house, material, clock):
    wall = house.account()
    with pytest.raises(Invalid) as refusal:
        house.publishing.place(
            material, wall.id, opens=clock() + 2 * DAY, closes=clock() + 3 * DAY, vip_hours=24,
            by="li",
        )  # fmt: skip
    assert refusal.value.flaws[0].reason == "cannot_be_shown_to_vips_first"
    assert house.shelf.of_material(material) == []
