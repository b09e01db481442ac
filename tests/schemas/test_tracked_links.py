"""Tracked links by GraphQL: a rep's, a customer's own, drawn as QR and mini-program codes."""

import pytest

from kernel.actors import Actor, Role
from tests.schemas.conftest import BASE

LINK = """query ($material: ID!, $channel: ID!, $rep: ID, $customer: ID) {
  trackedLink(material: $material, channel: $channel, rep: $rep, customer: $customer) {
    url code svg: qr png: qr(format: "png") material { id title } channel rep customer
    miniProgramCode { state picture } } }"""
DRAW = """mutation ($input: DrawLinkInput!) {
  drawLink(input: $input) {
    liveCode { id kind state picture trackedLink { url rep customer } }
    problems { code field } } }"""
WAY = "query ($s: String!) { way(state: $s) { kind trackedLink { code rep customer } } }"


@pytest.fixture
def rep(house):
    return house.hire("zhang")


@pytest.fixture
def guide(house):
    return house.place("养老指南", "养老社区", account=house.app.id)


@pytest.fixture
def her(house, rep):
    return house.id_of(house.meet(rep=rep))


@pytest.fixture
def mini(house):
    house.codes.codes_lead_to = "mini_program"
    return house.accounts.add(code="m", name="小程序", kind="codes", ecosystem="wechat", by="t")


def test_a_rep_makes_a_link_of_her_own_for_one_customer(house, rep, guide, her):
    told = house.ask(LINK, rep, material=guide, channel="app", customer=her)["trackedLink"]
    assert house.links.open(told["code"]) == (guide, house.app.id, rep.staff, her)
    assert told["url"] == f"{BASE}/t/{told['code']}"
    assert (told["svg"], told["png"]) == (f"{told['url']}/qr.svg", f"{told['url']}/qr.png")
    assert (told["rep"], told["customer"], told["channel"]) == (rep.staff, her, house.app.id)
    assert told["material"]["title"] == "养老指南"
    assert told["miniProgramCode"] is None


def test_without_a_customer_it_is_the_link_that_the_shelf_tells(house, rep, guide):
    told = house.ask(LINK, rep, material=guide, channel="app")["trackedLink"]
    (shown,) = house.ask(
        '{ shelf(channel: "app") { nodes { trackedUrl } } }', rep
    )["shelf"]["nodes"]  # fmt: skip
    assert told["url"] == shown["trackedUrl"]
    assert told["customer"] is None


def test_a_rep_makes_none_in_anothers_name_and_none_for_anothers_customer(house, rep, guide, her):
    other = house.hire("liu")
    (named,) = house.errors(LINK, other, material=guide, channel="app", rep="zhang")
    assert named["extensions"]["code"] == "forbidden"
    (seen,) = house.errors(LINK, other, material=guide, channel="app", customer=her)
    assert seen["extensions"]["code"] == "not_found"


def test_who_publishes_makes_them_for_any_rep_but_knows_no_customers(house, rep, guide, her):
    publisher = Actor(id="stf_p", role=Role.PUBLISHER)
    told = house.ask(LINK, publisher, material=guide, channel="app", rep="zhang")["trackedLink"]
    assert told["rep"] == rep.staff
    (no,) = house.errors(LINK, publisher, material=guide, channel="app", customer=her)
    assert no["extensions"]["code"] == "forbidden"


def test_a_front_end_makes_none_for_another_account(house, guide, mini):
    front = Actor(id="tok_1", role=Role.CHANNEL_APP, account=house.app.id)
    assert house.ask(LINK, front, material=guide, channel="app")["trackedLink"]["rep"] is None
    (no,) = house.errors(LINK, front, material=guide, channel="m")
    assert no["extensions"]["code"] == "forbidden"


def test_a_mini_programs_code_stands_for_the_link_and_its_front_end_learns_which(
    house, rep, guide, her, mini
):
    sent = {"material": guide, "channel": "m", "customer": her}
    drawn = house.ask(DRAW, rep, input=sent)["drawLink"]["liveCode"]
    again = house.ask(DRAW, rep, input=sent)["drawLink"]["liveCode"]
    link = house.ask(LINK, rep, material=guide, channel="m", customer=her)["trackedLink"]
    assert (drawn["kind"], drawn["id"]) == ("shared", again["id"])
    assert len(drawn["state"]) <= 32
    assert link["miniProgramCode"] == {"state": drawn["state"], "picture": drawn["picture"]}
    assert drawn["trackedLink"] == {"url": link["url"], "rep": rep.staff, "customer": her}

    front = Actor(id="tok_1", role=Role.CHANNEL_APP, account=mini.id)
    told = house.ask(WAY, front, s=drawn["state"])["way"]
    assert told["trackedLink"] == {"code": link["code"], "rep": rep.staff, "customer": None}


def test_only_a_mini_program_draws_links(house, rep, guide):
    told = house.ask(DRAW, rep, input={"material": guide, "channel": "app"})["drawLink"]
    assert (told["liveCode"], told["problems"][0]["code"]) == (None, "channel_draws_no_links")
