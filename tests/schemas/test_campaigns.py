"""Campaigns' numbers through GraphQL: begun after a form, set within bounds, put back."""

from datetime import UTC

import pytest

from kernel.actors import Actor, Role
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


@pytest.mark.rule("R91.2")
def test_each_buyer_claims_the_price_of_her_rank_once_and_keeps_it(house):
    now = house.clock()
    drive = house.campaigns.create(
        "限量", opens=now, closes=now.replace(year=2027), by="li", code="few"
    )
    for name, value in (("price_base", 5000), ("price_step", 100), ("price_every", 2)):
        house.parameters.declare(drive.id, name, value, by="li")
    verb = """mutation($who: ID) { claimPrice(input: {campaign: "few", customer: $who}) {
      claim { rank price } problems { code } } }"""
    service = Actor(id="shop", role=Role.SERVICE)

    def claimed(who):
        return house.ask(verb, service, who=who)["claimPrice"]["claim"]

    hers = [house.meet(f"1380013800{n}") for n in range(3)]
    ids = [house.id_of(each) for each in hers]
    told = [claimed(ids[0]), claimed(ids[1]), claimed(ids[0]), claimed(ids[2])]
    assert [(each["rank"], each["price"]) for each in told] == [
        (0, 5000), (1, 5000), (0, 5000), (2, 5100),
    ]  # fmt: skip
    own = Actor(id="c", role=Role.CUSTOMER, customer=str(hers[2]))
    assert house.ask(verb, own)["claimPrice"]["claim"]["rank"] == 2
    assert house.ask('{ limitedPrice(campaign: "few") }', service) == {"limitedPrice": 5100}
    assert house.errors(verb, Actor(id="e", role=Role.PUBLISHER), who=ids[0])


TUNE = """mutation($value: Value!, $dry: Boolean, $rule: String = "sell_out", $heard: Moment) {
  tuneParameter(input: {campaign: "few", name: "discount", value: $value, rule: $rule,
    evidence: {window: "7d", opened: 40}, heard: $heard, dryRun: $dry}) {
    change { old new rule evidence } problems { field code } } }"""


@pytest.mark.rule("R11.1", "R11.2")
def test_a_rule_changes_a_number_within_bounds_unless_somebody_did_today(house):
    now = house.clock()
    drive = house.campaigns.create(
        "限量", opens=now, closes=now.replace(year=2027), by="li", code="few"
    )
    house.parameters.declare(drive.id, "discount", 5, low=0, high=20, by="li")

    def tuned(**told):
        return house.ask(TUNE, **told)["tuneParameter"]

    plan = tuned(value=10, dry=True)["change"]
    assert house.parameters.value(drive.id, "discount") == 5
    assert plan == tuned(value=10, heard=now.isoformat())["change"]
    assert (plan["old"], plan["new"], plan["rule"]) == (5, 10, "sell_out")
    assert plan["evidence"] == {"window": "7d", "opened": 40}
    assert house.parameters.value(drive.id, "discount") == 10
    assert tuned(value=21)["problems"] == [{"field": "value", "code": "parameter_out_of_bounds"}]
    assert tuned(value=9, rule=" ")["problems"] == [{"field": "rule", "code": "missing"}]
    house.parameters.set(drive.id, "discount", 7, by="li")
    assert tuned(value=9)["problems"][0]["code"] == "parameter_is_locked"
