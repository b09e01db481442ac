"""Campaigns' numbers through GraphQL: begun after a form, set within bounds, put back."""

from kernel.actors import Role
from kernel.events import Handle
from tests.schemas.conftest import editor

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
