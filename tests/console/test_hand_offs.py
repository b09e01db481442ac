"""What a person posts for us: all of it lies ready on one page, and her word goes on from there."""

from datetime import timedelta

import pytest

from channels.handed_over import HandedOver


@pytest.fixture
def ready(rooms, material):
    """The delivery of what waits to be posted on Xiaohongshu."""
    rooms.channels._factories["hand_off"] = lambda account, _: HandedOver(
        rooms.hand_offs, account=account.id
    )
    there = rooms.accounts.add(
        code="xhs", name="小红书", kind="hand_off", ecosystem="video", by="li"
    )
    placement = rooms.placed(material, there, hours=(-1, 5))
    rooms.work()
    (delivery,) = rooms.deliveries.of_placement(placement.id)
    return delivery


def test_all_that_she_needs_lies_ready_and_is_copied_in_one_touch(rooms, desk, ready):
    kept = rooms.hand_offs.one(ready.id)
    page = desk.get(f"/console/deliveries/{ready.id}").text
    assert f'data-copy="{kept.title}\n{kept.words}\n{kept.link}"' in page
    assert "等人发布" in page
    assert f'value="{kept.link}"' in page


def test_she_says_where_she_posted_it_and_that_it_is_down_again(rooms, desk, ready, clock):
    where = f"/console/deliveries/{ready.id}"
    said = desk.post(f"{where}/posted", address="https://www.xiaohongshu.com/explore/1").text
    assert "已记下：发布了" in said
    assert "https://www.xiaohongshu.com/explore/1" in said
    clock.move(timedelta(hours=1))
    rooms.work()
    assert rooms.deliveries.one(ready.id).state == "done"
    clock.move(timedelta(hours=5))
    rooms.work()
    assert "到期了，请撤下" in desk.get(where).text
    assert "已撤下" in desk.post(f"{where}/taken-down").text
    clock.move(timedelta(hours=1))
    rooms.work()
    assert rooms.deliveries.one(ready.id).state == "withdrawn"


def test_who_only_reads_says_nothing_for_her(rooms, desk_of, ready):
    analyst = desk_of("analyst")
    page = analyst.get(f"/console/deliveries/{ready.id}")
    assert page.status_code == 200
    assert "/posted" not in page.text
    assert analyst.post(f"/console/deliveries/{ready.id}/posted").status_code == 403
    assert desk_of("editor").get("/console/deliveries/dlv_none").status_code == 404


def test_what_a_platform_publishes_by_itself_has_no_such_card(rooms, desk, material):
    placement = rooms.placed(material, rooms.wall)
    rooms.work()
    (delivery,) = rooms.deliveries.of_placement(placement.id)
    assert "/posted" not in desk.get(f"/console/deliveries/{delivery.id}").text
