"""What a customer's own token may ask, and what it may not."""

import gc
from datetime import timedelta

import pytest

from kernel.actors import Actor, Role
from kernel.errors import Overloaded
from matching.assembly import Manner
from matching.counters import Counters
from matching.scoring import Scores
from tests.matching.test_faults import BreaksOff


@pytest.mark.parametrize(
    "question",
    [
        '{ customer(id: "user:a:1") { id } }', "{ customers { nodes { id } } }",
        "{ materials { nodes { id } } }", "{ tags { nodes { id } } }",
        "{ deliveries { totalCount } }",
        "{ campaigns { totalCount } }", "{ counts(by: [KIND]) { totalCount } }",
        '{ search(text: "a") { totalCount } }', '{ recommendations(customer: "user:a:1") { id } }',
        "{ me { reminders { totalCount } } }",
    ],
)  # fmt: skip
def test_a_customers_token_answers_only_the_shelf_a_material_and_me(house, question):
    made = house.shown("在架")
    her = Actor(id="u", role=Role.CUSTOMER, account=house.app.id, customer="user:a:1")
    (refused,) = house.errors(question, her)
    assert refused["extensions"]["code"] == "forbidden"
    assert house.ask("query($m: ID!) { material(id: $m) { title } me { role } }", her, m=made) == {
        "material": {"title": "在架"}, "me": {"role": "customer"},
    }  # fmt: skip


def test_what_is_not_offered_is_told_with_its_reason_in_both_languages(house):
    made, rep = house.library(each=2), house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    read = made["健康"][0]
    house.tell(house.event("read_material", her, read))
    ask = """query($c: ID!, $m: ID!) {
      recommendations(customer: $c) { absent { key count text } }
      whyNot(customer: $c, material: $m) { key text reasons { kind weight } } }"""
    told = house.ask(ask, rep, c=house.id_of(her), m=read)
    assert told["recommendations"]["absent"] == [
        {"key": "why_already_read", "count": 1, "text": "她已经读过"}
    ]
    assert (told["whyNot"]["key"], told["whyNot"]["text"]) == ("why_already_read", "她已经读过")
    assert told["whyNot"]["reasons"]
    listed = house.ask(ask, rep, c=house.id_of(her), m=made["健康", "product_note"])
    assert listed["whyNot"]["text"].startswith("它就在推荐里")


def test_a_list_says_whether_the_counts_behind_it_are_far_behind(house, clock):
    house.library(each=1)
    rep = house.hire("r1", name="李丽")
    her = house.id_of(house.meet(rep=rep, name="王芳", gender="f"))
    ask = "query($c: ID!) { recommendations(customer: $c) { degraded items { score } } }"
    assert house.ask(ask, rep, c=her)["recommendations"]["degraded"] is False
    with pytest.raises(Overloaded):
        Counters(house.people, BreaksOff(house.history)).rebuild()
    clock.move(timedelta(seconds=6))
    told = house.ask(ask, rep, c=her)["recommendations"]
    assert told["degraded"] is True
    assert told["items"]


def test_a_list_says_whether_she_is_held_out(house):
    house.library(each=1)
    rep = house.hire("r1", name="李丽")
    her = house.id_of(house.meet(rep=rep, name="王芳", gender="f"))
    ask = "query($c: ID!) { recommendations(customer: $c) { heldOut items { score } } }"
    assert house.ask(ask, rep, c=her)["recommendations"]["heldOut"] is False
    house.asking.manner = Manner(hold_out=1.0)
    assert house.ask(ask, rep, c=her)["recommendations"]["heldOut"] is True


def test_a_list_is_asked_for_what_one_channel_shows(house):
    house.library(each=1)
    here = house.shown("只在 App")
    rep = house.hire("r1", name="李丽")
    her = house.id_of(house.meet(rep=rep, name="王芳", gender="f"))
    ask = """query($c: ID!, $channel: ID) { recommendations(customer: $c, channel: $channel) {
      items { material { id } } } }"""
    for channel in (house.app.id, house.app.code):
        told = house.ask(ask, rep, c=her, channel=channel)["recommendations"]["items"]
        assert [each["material"]["id"] for each in told] == [here]
    assert len(house.ask(ask, rep, c=her)["recommendations"]["items"]) > 1
    (error,) = house.errors(ask, rep, c=her, channel="nowhere")
    assert error["extensions"]["code"] == "not_found"


def test_a_reps_app_asks_why_no_marketing_goes_to_her_now(house, clock):
    rep = house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    ask = "query($c: ID!) { customer(id: $c) { noMarketingNow } }"
    clock.move(timedelta(days=2))  # who has just written is answered
    house.touch_policy.tune({"quiet_from": "00:00", "quiet_until": "00:00"}, by="t")
    assert house.ask(ask, rep, c=house.id_of(her))["customer"]["noMarketingNow"] is None
    house.touch_policy.tune({"day": 0}, by="t")
    said = house.ask(ask, rep, c=house.id_of(her))["customer"]["noMarketingNow"]
    assert said == "公司规定不给她发营销内容（触达上限为 0），暂不发营销内容"


def test_an_answered_list_holds_the_scores_of_a_shelf_no_longer_than_its_answer(house):
    """A hundred thousand scores a list, until somebody looks for cycles, fill a process."""
    house.library(each=2)
    rep = house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳", gender="f")
    ask = """query($c: ID!) { recommendations(customer: $c) {
      items { material { title } script { text } reasons { text weight } } } }"""
    gc.collect()
    gc.disable()
    try:
        assert house.ask(ask, rep, c=house.id_of(her))["recommendations"]["items"]
        assert not [each for each in gc.get_objects() if type(each) is Scores]
    finally:
        gc.enable()


KNOWN = """query($c: ID!) { customer(id: $c) { name phone masked mood
  traits { name value at source } consents { purpose channel allowed source }
  lastSeen { account at } } }"""
REVEAL = """mutation($c: ID!) { revealCustomer(input: {customer: $c}) {
  customer { name phone masked } problems { code } } }"""
ADMIN = Actor(id="stf_x", role=Role.ADMIN, staff="stf_x")


def test_what_she_is_is_told_with_who_said_so_and_masked_until_it_is_revealed(house):
    her = house.meet()
    house.tell(
        house.event(
            "identified",
            her,
            traits={
                "name": "王秀兰",
                "phone": "13800138000",
                "city": "上海",
                "likes": ["茶", "棋"],
            },
        ),
        house.event("opted_out", her, purpose="marketing", channel="wechat_oa", source="电话"),
    )
    told = house.ask(KNOWN, ADMIN, c=house.id_of(her))["customer"]
    traits = {each["name"]: each["value"] for each in told["traits"]}
    assert traits == {
        "name": "王**", "phone": "138****8000", "city": "上海", "likes": "茶、棋",
    }  # fmt: skip
    assert {each["source"] for each in told["traits"]} == {"acc_app"}
    assert told["mood"] == "unknown"
    assert told["consents"] == [
        {"purpose": "marketing", "channel": "wechat_oa", "allowed": False, "source": "电话"}
    ]
    assert [each["account"] for each in told["lastSeen"]] == ["acc_app"]

    shown = house.ask(REVEAL, ADMIN, c=house.id_of(her))["revealCustomer"]["customer"]
    assert shown == {"name": "王秀兰", "phone": "13800138000", "masked": False}
    assert [each.act for each in house.changes.after("").changes][-1] == "revealed"
    assert house.ask(KNOWN, ADMIN, c=house.id_of(her))["customer"]["masked"]


@pytest.mark.parametrize("role", [Role.PUBLISHER, Role.ANALYST, Role.CHANNEL_APP])
def test_who_may_not_see_customers_reveals_none(house, role):
    her = house.meet(name="王秀兰")
    who = Actor(id="x", role=role, staff="x")
    told = house.answer(REVEAL, who, c=house.id_of(her)).body.decode()
    assert "forbidden" in told
    assert "王秀兰" not in told


def test_one_tap_of_her_rep_counts_as_one_word_of_hers(house):
    rep = house.hire("r1", name="李丽")
    her = house.meet(rep=rep, name="王芳")
    tap = """mutation($c: ID!) { noteTalk(input: {customer: $c, once: "tap1"}) {
      customer { id } problems { code } } }"""
    for _ in range(2):
        assert house.ask(tap, rep, c=house.id_of(her))["noteTalk"]["customer"]
    noted = [each for each in house.changes.after("").changes if each.act == "chatted"]
    assert [(each.handle, each.detail["rep"]) for each in noted] == [(str(her), rep.staff)]


def test_why_she_is_in_a_segment_tells_no_name_or_number_to_who_sees_her_masked(house):
    her = house.meet()
    told = {"name": "王秀兰", "phone": "13800138000", "city": "上海"}
    house.tell(house.event("identified", her, traits=told))
    made = house.segments.create(
        "有电话", rule="trait phone exists and trait name exists and trait city exists", by="li"
    )
    house.tell()
    why = """query($s: ID!, $c: ID!) { segmentExplanation(segment: $s, customer: $c) {
      because { sentence } } }"""
    because = house.ask(why, ADMIN, s=made.id, c=house.id_of(her))["segmentExplanation"]["because"]
    told = " ".join(each["sentence"] for each in because)
    assert "138****8000" in told
    assert "13800138000" not in told
    assert "王秀兰" not in told
    assert "上海" in told
