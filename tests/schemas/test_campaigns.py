"""Campaigns' numbers through GraphQL: begun after a form, set within bounds, put back."""

from datetime import UTC

import pytest

from kernel.actors import Role
from kernel.events import Handle
from tests.schemas.conftest import app, editor

BEGIN = """mutation { beginCampaign(input: {form: "lucky_draw", name: "到店抽奖", code: "draw",
  quota: 2,
  opens: "2026-03-01T00:00:00+08:00", closes: "2026-04-01T00:00:00+08:00"}) {
  campaign { id operation kind task reward } problems { code field } } }"""
SET = """mutation($value: Value!) { setParameter(input: {campaign: "draw", name: "prize_quota",
  value: $value, note: "加场"}) { change { id old new } problems { field code } } }"""


def test_a_campaign_begins_after_a_form_and_its_quota_is_set_and_put_back(house):
    begun = house.ask(BEGIN)["beginCampaign"]["campaign"]
    assert (begun["operation"], begun["kind"], begun["reward"]) == ("activity", "offline", "到店礼")
    for n in range(3):
        house.draws.draw(begun["id"], Handle("user", "app", f"u{n}"))
    asked = """{ prizes(campaign: "draw") { quota won left }
      campaignParameters(campaign: "draw") { name value now }
      parameterChanges(campaign: "draw") { parameter old new rule }
      campaignForms { code label } }"""
    told = house.ask(asked)
    assert told["prizes"] == {"quota": 2, "won": 2, "left": 0}
    assert {"name": "chance", "value": 1, "now": 1} in told["campaignParameters"]
    assert len(told["campaignForms"]) == 4

    low = house.ask(SET, value=1)["setParameter"]
    assert low == {
        "change": None,
        "problems": [{"field": "value", "code": "quota_below_what_is_won"}],
    }
    change = house.ask(SET, value=5)["setParameter"]["change"]
    assert (change["old"], change["new"]) == (2, 5)
    back = house.ask(
        """mutation($c: ID!) { rollBackParameter(input: {change: $c}) {
           change { new undoes } } }""",
        c=change["id"],
    )
    assert back["rollBackParameter"]["change"] == {"new": 2, "undoes": change["id"]}


HOLDS = """query($channel: ID!) { shelf(channel: $channel) { nodes {
  id holds(name: "discount") other: holds(name: "none") } } }"""


@pytest.mark.rule("R122.1", "R122.2")
def test_a_step_of_a_timetable_holds_at_every_end_from_the_first_request_after_it(house):
    now = house.clock()
    ends = [house.app.id, house.accounts.add(
        code="mini", name="小程序", kind="app", ecosystem="wechat", by="li").id]  # fmt: skip
    drive = house.campaigns.create("晚间", opens=now, closes=now.replace(year=2027), by="li")
    steps = [{"at": "19:00", "value": 10}, {"at": "21:00", "value": 30},
             {"at": "23:30", "value": 100}]  # fmt: skip
    house.parameters.declare(drive.id, "discount", steps, low=0, high=100, by="li")
    course = house.materials.create("image_text", "体验课", tags=[house.tag("理财")], by="li").id
    for end in ends:
        house.shelf.place(
            course, end, opens=now, closes=now.replace(month=9), campaign=drive.id, by="li"
        )
    plain = house.shown("没有活动")

    def held(end):
        nodes = house.ask(HOLDS, app(end), channel=end)["shelf"]["nodes"]
        assert all(each["other"] is None for each in nodes)
        return {each["id"]: each["holds"] for each in nodes}

    for local, discount in (("18:59:59", None), ("19:00:00", 10), ("23:29:59", 30),
                            ("23:30:00", 100)):  # fmt: skip
        hour, minute, second = map(int, local.split(":"))
        today = house.zone.local(house.clock())
        house.clock.now = today.replace(hour=hour, minute=minute, second=second).astimezone(UTC)
        assert held(ends[0]) == {course: discount, plain: None}
        assert held(ends[1]) == {course: discount}


def test_a_rep_begins_no_campaign(house):
    (error,) = house.errors(BEGIN, editor(role=Role.REP))
    assert error["extensions"]["code"] == "forbidden"


def test_another_units_change_is_not_put_back(house):
    house.ask(BEGIN)
    change = house.ask(SET, value=5)["setParameter"]["change"]
    put_back = "mutation($c: ID!) { rollBackParameter(input: {change: $c}) { change { id } } }"
    stranger = editor(role=Role.PUBLISHER, unit="east", reach=frozenset({"east"}))
    (error,) = house.errors(put_back, stranger, c=change["id"])
    assert error["extensions"]["code"] in {"forbidden", "not_found"}
    assert house.ask('{ prizes(campaign: "draw") { quota } }')["prizes"]["quota"] == 5
