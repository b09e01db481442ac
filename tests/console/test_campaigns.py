"""Campaigns in the console: begun, tuned with a dry run, put back and moved, without JavaScript."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from channels.deliveries import Delivery
from channels.deliveries.record import OF_A_CAMPAIGN_ALONE
from kernel.events import Handle
from kernel.wording import say

PAGES = ("campaigns", "campaigns?lang=en", "campaigns/draw", "campaigns/draw?lang=en")
FORM = {
    "form": "lucky_draw", "name": "到店抽奖", "code": "draw", "quota": "20",
    "opens": "2026-03-01T09:00", "closes": "2026-04-01T09:00",
}  # fmt: skip


@pytest.fixture
def draw(rooms, desk):
    desk.post("/console/campaigns", **FORM)
    made = rooms.campaigns.one("draw")
    rooms.parameters.declare(
        made.id, "share_hours", [{"at": "09:00", "value": 5}, {"at": "19:00", "value": 12}],
        low=0, high=50, by="li",
    )  # fmt: skip
    return made


def act(desk, what, **form):
    return desk.post("/console/campaigns/draw", act=what, **form)


def test_a_campaign_begins_after_a_form_with_its_task_and_numbers(rooms, desk):
    page = desk.post("/console/campaigns", **FORM)
    assert "到店礼" in page.text
    assert rooms.parameters.value(rooms.campaigns.one("draw").id, "prize_quota") == 20
    assert "到店抽奖" in desk.get("/console/campaigns").text
    for wrong in ({"form": "nothing"}, {"quota": "x"}, {"closes": ""}, {"name": ""}):
        assert desk.post("/console/campaigns", **FORM | {"code": "d2"} | wrong).status_code == 422


def test_a_parameter_is_tried_without_change_then_set_with_a_note_and_put_back(rooms, desk, draw):
    tried = act(desk, "try", name="prize_quota", value="30", note="周末加场")
    assert "还没有保存" in tried.text
    assert rooms.parameters.value(draw.id, "prize_quota") == 20
    page = act(desk, "set", name="prize_quota", value="30", note="周末加场")
    assert "周末加场" in page.text
    change = rooms.parameters.history(draw.id)[0]
    act(desk, "roll_back", change=change.id)
    assert rooms.parameters.value(draw.id, "prize_quota") == 20


def test_a_timetable_is_typed_as_a_line_a_period(rooms, desk, draw):
    act(desk, "set", name="share_hours", value="08:00 3\n20:30  9.5\n")
    assert rooms.parameters.of(draw.id)["share_hours"].value == [
        {"at": "08:00", "value": 3}, {"at": "20:30", "value": 9.5},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "form",
    [
        {"name": "prize_quota", "value": "-1"}, {"name": "prize_quota", "value": "many"},
        {"name": "share_hours", "value": "25:00 1"}, {"name": "share_hours", "value": "09:00 99"},
        {"name": "share_hours", "value": "09:00"}, {"name": "nothing", "value": "1"},
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused_beside_its_field(rooms, desk, draw, form):
    refused = act(desk, "set", **form)
    assert refused.status_code == 422
    assert rooms.parameters.value(draw.id, "prize_quota") == 20


def test_the_page_lists_what_the_campaign_shows_and_how_far_it_got(rooms, desk, draw, material):
    assert "还没有内容投放到这个活动" in desk.get("/console/campaigns/draw").text
    kept, gone = (
        rooms.shelf.place(
            material.id, rooms.app.id, opens=opens, closes=closes, campaign="draw", by="li"
        )
        for opens, closes in [
            (draw.opens, draw.opens + timedelta(days=2)),
            (draw.closes - timedelta(days=2), draw.closes),
        ]
    )
    rooms.shelf.retire(gone.id, by="li")
    page = desk.get("/console/campaigns/draw").text
    assert f"/console/placements/{kept.id}" in page
    assert material.title in page
    assert gone.id not in page


def test_the_page_names_its_broadcasts_and_none_of_another_campaign(rooms, desk, draw):
    for name, campaign in (("到店礼短信", draw.id), ("另一场", "")):
        rooms.broadcasts.create(
            name, rooms.wall.id, words="来吧", everybody="都请", campaign=campaign, by="li"
        )
    page = desk.get("/console/campaigns/draw").text
    assert "到店礼短信" in page
    assert "另一场" not in page


def test_the_page_tells_what_was_sent_to_single_persons_and_why_some_was_not(rooms, desk, draw):
    def queue(number, **more):
        return rooms.deliveries.queue(
            account=rooms.wall.id, target=Handle("openid", rooms.wall.id, f"o{number}"),
            occasion=f"t:{number}", words="您的号留好了", purpose="service", by="li", **more,
        )  # fmt: skip

    kept = [queue(n, campaign=draw.id) for n in range(3)]
    queue(8, campaign=draw.id, broadcast="brc_1")  # told of with its broadcast
    queue(9)
    assert rooms.deliveries.cancel(Delivery.id == kept[0].id, reason="no_longer_on_shelf", by="li")
    page = desk.get("/console/campaigns/draw").text
    assert "单独发给个人" in page
    assert "已取消 <b>1</b> · 待发送 <b>2</b>" in page
    assert f"未发出的原因 · {say('no_longer_on_shelf', 'zh')} <b>1</b>" in page


def test_what_went_out_for_a_campaign_is_found_by_its_index(rooms, draw):
    rooms.broadcasts.beside(draw.id)
    asked = select(Delivery.id).where(*OF_A_CAMPAIGN_ALONE, Delivery.campaign == draw.id)
    with rooms.records.read() as session:
        if rooms.records.on_postgres:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        before = "EXPLAIN " if rooms.records.on_postgres else "EXPLAIN QUERY PLAN "
        spelled = asked.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"{before}{spelled}")).all()
    assert "ix_deliveries_campaign" in str(plan)


def test_everything_moves_by_hours_and_back_by_one_button(rooms, desk, draw, material):
    placed = rooms.shelf.place(
        material.id, rooms.app.id, opens=draw.opens, closes=draw.closes, campaign="draw", by="li"
    )
    moved = act(desk, "move", hours="2")
    assert "1 条投放一起移动" in moved.text
    assert rooms.shelf.one(placed.id).opens.hour == placed.opens.hour + 2
    assert 'name="hours" value="-2"' in moved.text
    act(desk, "move", hours="-2.0")
    assert rooms.shelf.one(placed.id).opens == placed.opens
    assert act(desk, "move", hours="0").status_code == 422


def test_parameters_are_added_with_bounds(rooms, desk, draw):
    act(desk, "declare", name="bonus", value="5", low="0", high="9")
    assert rooms.parameters.of(draw.id)["bonus"].high == 9
    assert act(desk, "declare", name="Bonus!", value="5").status_code == 422


def test_a_rep_changes_nothing(desk_of, draw):
    rep = desk_of("rep")
    assert act(rep, "set", name="prize_quota", value="1").status_code == 403


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, desk, draw):
    act(desk, "set", name="prize_quota", value="30", note="周末加场")
    for path in PAGES:
        for_everybody(path)


@pytest.mark.browser
def test_a_parameter_is_changed_with_a_forecast_and_a_note_in_five_acts(opened, rooms, draw):
    page = opened("campaigns/draw")
    row = page.locator("li", has_text="prize_quota").first
    acts = (
        lambda: row.get_by_text("修改", exact=True).click(),
        lambda: row.get_by_label("数值").fill("25"),
        lambda: row.get_by_label("修改原因").fill("周末加场"),
        lambda: row.get_by_role("button", name="试算").click(),
        lambda: page.get_by_role("status").get_by_role("button", name="保存").click(),
    )
    for each in acts:
        each()
    page.wait_for_url("**said=done_set_parameter**")
    assert rooms.parameters.value(draw.id, "prize_quota") == 25
    assert len(acts) <= 5  # U19
