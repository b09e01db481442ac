"""The content hub on each engine of records: the same answers."""

from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from content_hub.campaigns import Campaigns
from content_hub.invariants import campaign_flaws, shelf_flaws
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.errors import Conflict, Invalid, Overloaded

HOUR = timedelta(hours=1)


@pytest.fixture
def hub(any_records, any_changes, clock):
    taxonomy = Taxonomy(any_records, any_changes)
    types = Types(any_records, any_changes)
    materials = Materials(any_records, any_changes, types, taxonomy, clock)
    campaigns = Campaigns(any_records, any_changes, clock)
    return materials, taxonomy, campaigns, Shelf(any_records, any_changes, clock)


@pytest.mark.rule("R4.2")
def test_a_life_on_the_shelf(hub, clock):
    materials, taxonomy, campaigns, shelf = hub
    top = taxonomy.create("养老", "topic", code="pension", by="li")
    home = taxonomy.create("养老社区", "topic", parent="pension", by="li")
    drive = campaigns.create("春季", opens=clock(), closes=clock() + 9 * HOUR, by="li")
    one = materials.create("script", "参观", tags=[home.id], by="li")
    two = materials.register("douyin", "v1", "https://v.douyin.com/1", by="li")
    materials.tag(two.id, [top.id], by="li")
    for each in (one, two):
        shelf.place(
            each.id, "acc_1", opens=clock(), closes=clock() + HOUR, campaign=drive.id, by="li"
        )
    fresh = shelf.freshness()

    page = shelf.page("acc_1", tags_all=["pension"], sight={""}, first=1, count=True)
    rest = shelf.page("acc_1", tags_any=[home.id, top.id], first=1, after=page.next)
    assert page.total == 2
    assert {page.items[0].id, rest.items[0].id} == {one.id, two.id}
    with pytest.raises(Conflict):
        shelf.place(one.id, "acc_1", opens=clock(), closes=clock() + HOUR, by="li")

    campaigns.move(drive.id, HOUR, by="li")
    assert shelf.page("acc_1").items == []
    clock.move(HOUR)
    assert shelf.standing_ids("acc_1", [one.id, two.id]) == {one.id, two.id}
    taxonomy.merge(home.id, top.id, by="li")
    assert len(shelf.page("acc_1", tags_all=[home.id]).items) == 2
    shelf.retire(one.id, by="li")
    assert [item.id for item in shelf.page("acc_1").items] == [two.id]
    clock.move(HOUR)
    assert shelf.page("acc_1").items == []
    assert shelf.freshness() != fresh
    assert materials.register("douyin", "v1", "https://v.douyin.com/1", by="li").id == two.id


def test_who_places_while_a_campaign_is_moved_ends_within_it(hub, any_records, clock):
    """Each takes the whole window as she sees it; who is told that it moved looks again."""
    materials, taxonomy, campaigns, shelf = hub
    tag = taxonomy.create("养老", "topic", code="pension", by="li")
    drive = campaigns.create("春季", opens=clock(), closes=clock() + 9 * HOUR, by="li")
    pieces = [materials.create("script", f"参观 {n}", tags=[tag.id], by="li") for n in range(16)]
    start, placed = Barrier(5), []

    def place(left):
        start.wait()
        while left:
            now = campaigns.one(drive.id)
            window = {"opens": now.opens, "closes": now.closes}
            with suppress(Invalid, Conflict, Overloaded):
                shelf.place(left[-1].id, "acc_1", campaign=drive.id, by="li", **window)
                placed.append(left.pop())

    editors = [Thread(target=place, args=(pieces[n::4],)) for n in range(4)]
    for editor in editors:
        editor.start()
    start.wait()
    moved = 0
    while moved < 12:
        with suppress(Overloaded):  # told to come back, as a busy machine may
            campaigns.move(drive.id, HOUR, by="li")
            moved += 1
    for editor in editors:
        editor.join()

    assert len(placed) == 16
    assert [*campaign_flaws(any_records), *shelf_flaws(any_records)] == []
