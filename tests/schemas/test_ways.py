"""Ways in, house and made through GraphQL: codes, members, and reps who are reminded."""

import pytest

from channels.base import Progress, Receipt
from channels.deliveries import Lane
from kernel.actors import Actor, Role
from kernel.events import Handle
from tests.schemas.conftest import editor

MAKE = """mutation ($input: CreateLiveCodeInput!) {
  createLiveCode(input: $input) {
    liveCode { id channel name state reps words picture reason dropped } problems { code field }
  } }"""
DROP = """mutation ($id: ID!) {
  dropLiveCode(input: {liveCode: $id}) { liveCode { dropped } problems { code } } }"""
LIST = "{ liveCodes { nodes { id name } } }"
REMIND = """mutation ($id: ID!) {
  remindRep(input: {delivery: $id}) { delivery { state } problems { code message } } }"""


@pytest.fixture
def wecom(house):
    return house.accounts.add(code="w", name="w", kind="codes", ecosystem="wechat", by="t")


@pytest.fixture
def rep(house):
    return house.staff.add("zhang", "张岚", by="t")


def test_a_code_is_made_listed_and_dropped(house, wecom, rep):
    sent = {"channel": "w", "name": "门店", "reps": ["zhang"], "words": "欢迎"}
    code = house.ask(MAKE, input=sent)["createLiveCode"]["liveCode"]
    assert (code["channel"], code["reps"], code["reason"]) == (wecom.id, [rep.id], "")
    assert code["picture"] == f"https://p.cn/{code['state']}"
    assert house.codes.made == {code["state"]: [rep.id]}
    assert house.ask(LIST)["liveCodes"]["nodes"] == [{"id": code["id"], "name": "门店"}]

    dropped = house.ask(DROP, id=code["id"])["dropLiveCode"]["liveCode"]
    assert dropped["dropped"] is not None
    assert house.codes.made == {}


def test_a_channel_without_codes_is_a_problem_with_a_name(house):
    told = house.ask(MAKE, input={"channel": "app", "name": "门店"})["createLiveCode"]
    assert (told["liveCode"], told["problems"][0]["code"]) == (None, "channel_makes_no_codes")


def test_a_member_is_linked_by_an_admin_only(house, wecom, rep):
    link = """mutation { linkMember(input: {channel: "w", userid: "wx-1", staff: "zhang"}) {
      member { userid staff } problems { code } } }"""
    admin = Actor(id="stf_boss", role=Role.ADMIN)
    assert house.ask(link, admin)["linkMember"]["member"] == {"userid": "wx-1", "staff": rep.id}
    assert house.reps.userid_of(wecom.id, rep.id) == "wx-1"
    (error,) = house.errors(link)
    assert error["extensions"]["code"] == "forbidden"


def test_a_rep_is_reminded_of_what_waits_for_her(house, wecom):
    house.deliveries.queue(
        account=wecom.id, target=Handle("external_userid", wecom.id, "wm1"), occasion="x", by="t"
    )
    delivery, _ = house.deliveries.claim(lambda delivery: None, lane=Lane.MESSAGE)
    told = house.ask(REMIND, id=delivery.id)["remindRep"]
    assert (told["delivery"], told["problems"][0]["code"]) == (None, "nobody_to_remind")

    house.deliveries.note(delivery, Receipt(ref="mass:1:wm1", progress=Progress.AWAITING_PERSON))
    told = house.ask(REMIND, id=delivery.id)["remindRep"]
    assert told["delivery"]["state"] == "awaiting_person"
    assert house.codes.reminded == ["mass:1:wm1"]


def test_a_person_says_what_she_posted_and_took_down(house):
    from channels.base import Post

    post = Post(title="开放日", summary="本周六", body="<p>周六见</p>", link="https://e.cn/t/1")
    house.hand_offs.put(post, account=house.app.id, key="dlv_1")
    waiting = house.ask("{ handOffs { nodes { id title link standing } } }")["handOffs"]["nodes"]
    assert waiting == [
        {"id": "dlv_1", "title": "开放日", "link": "https://e.cn/t/1", "standing": "waiting"}
    ]
    for verb, standing in (("notePosted", "posted"), ("noteTakenDown", "gone")):
        told = house.ask(
            f'mutation {{ {verb}(input: {{handOff: "dlv_1"}}) {{ handOff {{ standing }} }} }}'
        )
        assert told[verb]["handOff"]["standing"] == standing


def test_a_code_leads_to_no_content_of_another_unit(house, wecom):
    theirs = house.materials.create("poster", "南区海报", unit="unt_south", by="t").id
    sent = {"channel": "w", "name": "门店", "material": theirs}
    north = editor(unit="unt_north", units=frozenset({"", "unt_north"}), reach=frozenset())
    (error,) = house.errors(MAKE, north, input=sent)
    assert error["extensions"]["code"] == "not_found"
    assert house.ask(MAKE, input=sent)["createLiveCode"]["liveCode"]
