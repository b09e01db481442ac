"""Broadcast pages: a preview, a broadcast, its picture, and stopping it; without JavaScript."""

from datetime import timedelta

import pytest

from channels.broadcasts.planning import Planning
from channels.mailings import Mailing, Mailings
from kernel.events import Event, Handle
from kernel.ids import new_id
from tests.rounds import send_due


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    r.planning = Planning(
        records=r.records, deliveries=r.deliveries, segments=r.segments, identities=r.identities,
        clock=r.clock,
    )  # fmt: skip
    r.mailings = Mailings(
        r.records,
        r.changes,
        r.deliveries,
        r.channels,
        r.clock,
        r.publishing.last_question.of_messages,
    )
    handles = [Handle("openid", r.wall.id, f"o{n}") for n in range(3)]
    r.segments.create("老客户", code="old", by="t")
    r.segments.put("old", handles, by="t")
    r.tell(
        *(
            Event(
                id=new_id("evt"), kind="followed", at=r.clock(), account=r.wall.id, handle=each,
                received=r.clock(),
            )
            for each in handles
        )
    )  # fmt: skip
    return r


@pytest.fixture
def typed(rooms):
    return {
        "name": "三月问候", "segment": rooms.segments.one("old").id, "account": rooms.wall.id,
        "words": "春天好",
    }  # fmt: skip


def test_first_counted_then_made_then_watched(rooms, desk, typed):
    assert "还没有群发" in desk.get("/console/broadcasts").text
    seen = desk.post("/console/broadcasts/new", act="preview", **typed).text
    assert "人群 3 人，该账号可触达 3 人，现在可发 3 人" in seen
    page = desk.post("/console/broadcasts/new", act="make", **typed).text
    assert "群发已建立" in page
    while rooms.planning.run() + send_due(rooms.publishing):
        pass
    page = desk.get("/console/broadcasts").text
    assert "三月问候" in page
    assert "已完成" in page
    assert "<svg" in page


def test_it_is_made_for_a_campaign_whose_page_then_says_why_some_were_not_sent(rooms, desk, typed):
    opens = rooms.clock()
    campaign = rooms.campaigns.create(
        "春季", code="spring", opens=opens, closes=opens + timedelta(days=9), by="t"
    )
    wrong = desk.post("/console/broadcasts/new", act="make", campaign="cmp_none", **typed)
    assert wrong.status_code == 404
    assert '<option value="' + campaign.id in desk.get("/console/broadcasts/new").text
    desk.post("/console/broadcasts/new", act="make", campaign=campaign.id, **typed)
    (made,) = rooms.broadcasts.of_campaign(campaign.id)
    while rooms.planning.run():
        pass
    rooms.consents.withdraw([Handle("openid", rooms.wall.id, "o1")], "marketing", source="t")
    while send_due(rooms.publishing):
        pass
    page = desk.get("/console/campaigns/spring").text
    assert "三月问候" in page
    assert "未发出的原因" in page
    assert made.campaign == campaign.id


def test_one_person_has_it_first_by_a_button_and_nobody_else(rooms, desk, typed):
    page = desk.post("/console/broadcasts/new", act="try", whom="o1", **typed).text
    (tried,) = rooms.deliveries.page().items
    assert tried.target.endswith(":o1")
    assert f"/console/deliveries/{tried.id}" in page
    assert "三月问候" in page
    assert rooms.broadcasts.page().items == []
    refused = desk.post("/console/broadcasts/new", act="try", whom="o99", **typed)
    assert (refused.status_code, "未关注或登录该渠道" in refused.text) == (422, True)


def test_it_is_paused_resumed_and_cancelled_by_buttons(rooms, desk, typed):
    desk.post("/console/broadcasts/new", act="make", **typed)
    (made,) = rooms.broadcasts.page().items
    path = f"/console/broadcasts/{made.id}/"
    assert "群发已暂停" in desk.post(path + "pause").text
    assert "群发继续进行" in desk.post(path + "resume").text
    assert "群发已取消" in desk.post(path + "cancel").text
    assert desk.post(path + "explode").status_code == 422


def test_how_far_it_is_how_fast_and_how_long_still_is_told_while_it_runs(rooms, desk, typed):
    desk.post("/console/broadcasts/new", act="make", per_minute="1", **typed)
    (made,) = rooms.broadcasts.page().items
    path = f"/console/broadcasts/{made.id}"
    assert "<progress" not in desk.get(path).text  # nobody is planned yet
    while rooms.planning.run():
        pass
    while send_due(rooms.publishing):
        pass
    assert "1 / 3 · 约剩 2 分钟" in desk.get(path).text  # the last may begin then, and no sooner
    rooms.clock.move(timedelta(seconds=61))
    assert "1 / 3 · 每分钟 1 · 约剩 61 秒" in desk.get(path).text
    desk.post(path + "/pause")
    assert "<progress" not in desk.get(path).text
    desk.post(path + "/resume")
    while rooms.planning.run() + send_due(rooms.publishing):
        pass
    rooms.clock.move(timedelta(minutes=6))
    assert "2 / 3" in (page := desk.get(path).text)
    assert ("每分钟" in page.split("2 / 3")[1].split("</p>")[0], "约剩" in page) == (False, False)
    while send_due(rooms.publishing):
        pass
    assert "<progress" not in desk.get(path).text  # it is over


def test_a_reps_task_is_shown_by_her_name_and_taken_back_by_a_button(rooms, desk, typed):
    desk.post("/console/broadcasts/new", act="make", **typed)
    (made,) = rooms.broadcasts.page().items
    rep, now = rooms.staff.add("zhang", "张岚", by="t"), rooms.clock()
    mailing = Mailing(
        account=rooms.wall.id, broadcast=made.id, rep=rep.id, size=3, made=now, closed=now, ref="m"
    )
    with rooms.records.write() as session:
        session.add(mailing)
    path = f"/console/broadcasts/{made.id}"
    assert "张岚" in desk.get(path).text
    assert "3 customers" in desk.get(f"{path}?lang=en").text
    assert "任务正在撤回" in desk.post(f"{path}/mailings/{mailing.id}/cancel?lang=zh").text
    assert rooms.mailings.one(mailing.id).cancelled is not None
    assert desk.post(f"{path}/mailings/{mailing.id}/explode").status_code == 422


def test_what_is_missing_stands_beside_its_field(desk, typed):
    page = desk.post("/console/broadcasts/new", act="make", **typed | {"segment": ""})
    assert page.status_code == 422
    assert "群发必须选定一个人群" in page.text
    assert "三月问候" in page.text


@pytest.mark.parametrize("path", ["broadcasts", "broadcasts/new"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_open_in_both_languages(desk, path, language):
    page = desk.get(f"/console/{path}?lang={language}")
    assert page.status_code == 200
    assert 'style="' not in page.text


def test_who_may_not_broadcast_makes_none(rooms, desk_of, typed):
    assert desk_of("analyst").get("/console/broadcasts/new").status_code == 403
    assert desk_of("analyst").post("/console/broadcasts/new", **typed).status_code == 403
    everybody = typed | {"segment": "", "everybody": "大家都要知道"}
    answer = desk_of("editor").post("/console/broadcasts/new", act="make", **everybody)
    assert answer.status_code == 403
    assert rooms.broadcasts.page().items == []
