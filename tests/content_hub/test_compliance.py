"""Compliance: words, wordings and approvals that keep a material from being shown."""

from datetime import timedelta

import pytest

from content_hub.compliance import Compliance
from content_hub.invariants import shelf_flaws
from content_hub.policies import Policies
from kernel.errors import Conflict, Invalid

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def compliance(records, changes, clock):
    return Compliance(records, changes, clock)


@pytest.fixture
def policies(records, changes):
    return Policies(records, changes)


@pytest.fixture
def write(materials, pension):
    def write(body, type_="image_text", **more):
        return materials.create(type_, "养老", body=body, tags=[pension.id], by="li", **more)

    return write


def refused(shelf, material, clock):
    with pytest.raises(Invalid) as refusal:
        shelf.place(material.id, "acc", opens=clock(), closes=clock() + 10 * DAY, by="li")
    return {(flaw.field, flaw.reason) for flaw in refusal.value.flaws}


@pytest.mark.parametrize(
    "body",
    [
        "<p>保本保息</p>",
        "稳<b>赚</b>不赔",
        "保 本",
        "保\u200b本",
        "<p>零&nbsp;风险</p>",
        "保本，不保本",
    ],
)
def test_a_forbidden_word_blocks_however_it_is_hidden(write, shelf, clock, body):
    assert refused(shelf, write(body), clock) == {("body", "word_is_forbidden")}


@pytest.mark.parametrize(
    "title", ["稳健<保本>", "养老 <b保本>", "1 < 2，保本 > 存款", "保<b>本</b>"]
)
def test_what_looks_like_a_tag_and_is_none_hides_no_word(compliance, title):
    assert [hit.word for hit in compliance.hits({"title": title})] == ["保本"]


@pytest.mark.parametrize(
    "body",
    ["本产品不保本", "投保本产品前请阅读条款", "确保本次服务", "无风险利率下行", "社保本地报销"],
)
def test_a_word_that_says_something_else_there_does_no_harm(write, shelf, clock, body):
    shelf.place(write(body).id, "acc", opens=clock(), closes=clock() + DAY, by="li")


@pytest.mark.rule("R119.1", "R119.2", "R119.3")
def test_jargon_is_shown_once_somebody_answers_for_it(write, shelf, compliance, clock):
    material = write("<p>o2o 赋能</p>")
    assert refused(shelf, material, clock) == {("body", "word_needs_acknowledgement")}

    compliance.acknowledge(material.id, ["O2O"], by="wang")
    assert [hit.word for hit in compliance.hits({"body": material.body})] == ["O2O", "赋能"]
    assert refused(shelf, material, clock) == {("body", "word_needs_acknowledgement")}

    compliance.set_rule("赋能", kind="jargon", severity="off", by="wang")
    shelf.place(material.id, "acc", opens=clock(), closes=clock() + DAY, by="li")


@pytest.mark.rule("R118.1")
def test_what_must_say_which_resistance_it_lowers_is_not_placed_without(
    write, shelf, materials, taxonomy, policies, clock
):
    taxonomy.ship(by="li")
    material = write("稳健")
    policies.set(material.type, must_wear=["resistance"], by="wang")
    assert refused(shelf, material, clock) == {("tags", "needs_a_tag_of")}
    worn = [*materials.about(material.id), taxonomy.one("resistance.trust").id]
    materials.tag(material.id, worn, by="li")
    shelf.place(material.id, "acc", opens=clock(), closes=clock() + DAY, by="li")


def test_what_bars_a_text_is_named_the_longest_once(compliance):
    assert compliance.barred("保本保息，零风险！赋能，保本。") == ["保本保息", "零风险", "保本"]
    assert compliance.barred("稳健") == []


def test_a_company_adds_words_of_its_own(write, shelf, compliance, clock):
    compliance.set_rule(
        "翻倍", kind="forbidden", severity="block", harmless=["保额翻倍"], by="wang"
    )

    assert refused(shelf, write("收益翻倍"), clock) == {("body", "word_is_forbidden")}
    shelf.place(write("保额翻倍").id, "acc", opens=clock(), closes=clock() + DAY, by="li")


def test_what_is_on_the_shelf_is_not_edited_into_a_forbidden_text(write, shelf, materials, clock):
    material = write("稳健")
    shelf.place(material.id, "acc", opens=clock(), closes=clock() + DAY, by="li")

    with pytest.raises(Invalid):
        materials.edit(material.id, body="稳赚", by="li")
    assert materials.one(material.id).body == "稳健"


def test_a_fixed_risk_wording_stands_in_the_body(write, shelf, policies, clock):
    policies.set("image_text", risk_wording="投资有风险，入市需谨慎。", by="wang")

    assert refused(shelf, write("好产品"), clock) == {("body", "needs_risk_wording")}
    fine = write("<p>好产品</p><p>投资有风险，<b>入市需谨慎</b>。</p>")
    shelf.place(fine.id, "acc", opens=clock(), closes=clock() + DAY, by="li")


@pytest.fixture
def regulated(write, policies):
    policies.set("proposal", regulated=True, by="wang")
    return write("计划", "proposal")


def test_a_regulated_type_needs_a_number_that_is_valid(regulated, shelf, compliance, clock):
    assert refused(shelf, regulated, clock) == {("approval", "needs_approval_number")}

    compliance.approve_number(
        regulated.id, "银保监 1 号", opens=clock() - 2 * DAY, closes=clock(), by="wang"
    )
    assert refused(shelf, regulated, clock) == {("approval", "approval_is_over")}


def test_the_validity_clips_the_window_and_an_end_brought_forward_clips_it_again(
    regulated, records, shelf, compliance, clock
):
    day = clock()
    compliance.approve_number(regulated.id, "A1", opens=day + HOUR, closes=day + 3 * DAY, by="wang")
    shelf.place(regulated.id, "acc", opens=day, closes=day + 10 * DAY, by="li")

    def there(after):
        clock.now = day + after
        return bool(shelf.page("acc").items), bool(shelf.standing("acc"))

    assert [there(each) for each in (HOUR / 2, HOUR, 2 * DAY, 3 * DAY)] == [
        (False, False), (True, True), (True, True), (False, False),
    ]  # fmt: skip
    clock.now = day
    compliance.approve_number(regulated.id, "A2", opens=day, closes=day + DAY, by="wang")
    assert [there(each)[0] for each in (HOUR / 2, DAY)] == [True, False]
    assert list(shelf_flaws(records)) == []


def test_a_withdrawn_number_takes_it_off_at_once(regulated, shelf, compliance, clock):
    compliance.approve_number(regulated.id, "A1", opens=clock(), closes=clock() + DAY, by="wang")
    placement = shelf.place(regulated.id, "acc", opens=clock(), closes=clock() + DAY, by="li")
    assert shelf.stands(placement.id)

    compliance.withdraw_approval(regulated.id, by="wang")

    assert not shelf.stands(placement.id)
    assert shelf.page("acc").items == []
    assert shelf.held_by(regulated.id) == ["approval"]
    with pytest.raises(Conflict):
        compliance.withdraw_approval(regulated.id, by="wang")


@pytest.mark.parametrize(
    "told", [{"steps": 6}, {"must_wear": ["colour"]}, {"risk_wording": "x" * 501}]
)
def test_a_policy_that_makes_no_sense_is_refused(policies, told):
    with pytest.raises(Invalid):
        policies.set("poster", by="wang", **told)
