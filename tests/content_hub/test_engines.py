"""The content hub on each engine of records: the same answers."""

from datetime import timedelta

import pytest

from content_hub.campaigns import Campaigns
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.types import Types
from kernel.errors import Conflict

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
