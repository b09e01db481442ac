"""An analyst builds, counts and reads segments, without JavaScript."""

from html import escape

import pytest

from tests.data_hub.telling import event, mobile, user


@pytest.fixture
def rooms(knowing_rooms):
    return knowing_rooms


@pytest.fixture
def analyst(desk_of):
    return desk_of("admin")


def her(rooms):
    return rooms.identities.customer_of(user("u1"))


def test_conditions_are_added_counted_and_made_into_a_segment(rooms, analyst):
    rooms.tell(event("asked_quote", user("u1"), mobile()), event("viewed_page", user("u2")))
    added = analyst.post(
        "/console/segments/new", act="add", kind="did", what="asked_quote", op=">=", value="1",
        days="7", join="and",
    )  # fmt: skip
    assert "did asked_quote in 7d" in added.text
    assert "1" in added.text
    again = analyst.post(
        "/console/segments/new", act="add", rule="did asked_quote in 7d", kind="vip",
        join="and not",
    )  # fmt: skip
    assert "did asked_quote in 7d and not vip" in again.text
    made = analyst.post(
        "/console/segments/new", act="make", name="想买的", code="keen",
        rule="did asked_quote in 7d and not vip",
    )  # fmt: skip
    assert "想买的" in made.text
    told = "近 7 天试算了方案，且不满足（是 VIP）"
    assert told in made.text
    assert told in analyst.get("/console/segments").text
    assert "asked for a quote within 7 days" in analyst.get("/console/segments?lang=en").text
    rooms.tell()
    assert rooms.segments.members("keen") == [her(rooms)]

    page = analyst.get(f"/console/segments/keen?customer={her(rooms)}")
    assert "✓" in page.text
    assert "did asked_quote in 7d" in page.text
    sheet = analyst.get("/console/segments/keen/members.csv")
    assert her(rooms) in sheet.text
    assert "想买的" in analyst.get("/console/segments").text
    analyst.post("/console/segments/keen", act="retire")
    rooms.tell()
    retired = analyst.get("/console/segments/keen?lang=zh").text
    assert "此前 1 人在内" in retired
    assert "正在计算" not in retired
    assert "1 customer was in until then" in analyst.get("/console/segments/keen?lang=en").text


def test_a_rule_that_cannot_be_read_comes_back_as_typed_with_its_place(analyst):
    refused = analyst.post("/console/segments/new", act="make", name="错", rule="did bought >=")
    assert refused.status_code == 422
    assert "14" in refused.text
    assert "did bought &gt;=" in refused.text


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "then", "what": "viewed_product asked_quote", "days": "30"},
        {"kind": "trait", "what": "city", "op": "=", "value": "上海"},
        {"kind": "trait", "what": "age", "op": ">=", "value": "60"},
        {"kind": "trait", "what": "city"}, {"kind": "stage", "what": "silent, sleeping"},
        {"kind": "silent", "days": "30"},
        {"kind": "spent", "op": ">=", "value": "100", "days": "9"},
        {"kind": "holds", "what": "重疾险", "days": "30"}, {"kind": "consent", "value": "app"},
        {"kind": "near", "what": "31.2, 121.4", "value": "5km"}, {"kind": "birthday"},
        {"kind": "buys", "what": "4", "value": "0.5"}, {"kind": "new", "days": "7"},
        {"kind": "then", "what": "viewed_product bought", "value": "72"},
        {"kind": "did", "what": "read_material", "of": "mat_1", "on": "acc_1", "value": "2"},
        {"kind": "trait", "what": "city", "op": "in", "value": "上海、北京，42"},
        {"kind": "trait", "what": "note", "op": "contains", "value": "3"},
        {"kind": "near", "what": "31.2, 121.4", "days": "2"},
        {"kind": "seen", "what": "acc_1"}, {"kind": "tag", "what": "pension", "value": "2"},
    ],
)  # fmt: skip
def test_every_condition_of_the_builder_is_one_of_the_language(rooms, analyst, form):
    added = analyst.post("/console/segments/new", act="add", join="and", **form)
    assert added.status_code == 200, added.text


@pytest.mark.parametrize(
    ("rule", "join", "whole"),
    [
        ("vip 或 held", "and", "(vip or held) and did bought"),
        ("vip\nor\nheld", "and not", "(vip or held) and not did bought"),
        ("vip and held", "or", "vip and held or did bought"),
        ("vip and held", "and", "vip and held and did bought"),
        ('trait a = " or " and vip', "and", 'trait a = " or " and vip and did bought'),
        ("vip and held", "last or", "vip and (held or did bought)"),
        ("vip and (held or did bought)", "last or", "vip and (held or did bought or did bought)"),
        ("vip or held", "last and", "vip or held and did bought"),
        ("not vip", "last or", "not vip or did bought"),
        ("everyone", "and", "did bought"),
        ("", "and not", "not did bought"),
    ],
)  # fmt: skip
def test_a_condition_is_joined_to_the_rule_as_it_reads_however_it_is_written(
    rooms, analyst, rule, join, whole
):
    form = {"kind": "did", "what": "bought", "join": join, "rule": rule}
    added = analyst.post("/console/segments/new", act="add", **form)
    assert f">{escape(whole, quote=False)}</textarea>" in added.text.replace("&#34;", '"')


@pytest.mark.parametrize(
    ("value", "written"),
    [("42", "42"), ("00138", '"00138"'), ("-1.5", "-1.5"), ("5.", '"5."'), ("²", '"²"'),
     ("yes", "yes"), ("上海", '"上海"')],
)  # fmt: skip
def test_a_value_is_a_number_only_if_it_reads_as_one(rooms, analyst, value, written):
    form = {"kind": "trait", "what": "x", "op": "=", "value": value}
    added = analyst.post("/console/segments/new", act="add", join="and", **form)
    assert f">trait x = {written}</textarea>" in added.text.replace("&#34;", '"')


def test_a_static_list_takes_whom_it_is_told_and_says_whom_it_does_not_know(rooms, analyst):
    rooms.tell(event("identified", user("u1"), mobile()))
    made = analyst.post("/console/segments/new", act="make", name="名单", code="names", rule="")
    assert "名单" in made.text
    refused = analyst.post("/console/segments/names", act="put", customers="13900000000")
    assert (refused.status_code, "13900000000" in refused.text) == (422, True)
    analyst.post("/console/segments/names", act="put", customers="13800138000\n")
    rooms.tell()
    assert rooms.segments.count("names") == 1
    analyst.post("/console/segments/names", act="take", customers=her(rooms))
    rooms.tell()
    assert rooms.segments.count("names") == 0
    analyst.post("/console/segments/names", act="retire")
    assert "名单" not in analyst.get("/console/segments").text


def test_who_may_not_see_segments_is_told_so(desk_of):
    assert desk_of("rep").get("/console/segments").status_code == 403
    assert desk_of("publisher").get("/console/segments").status_code == 200
    assert desk_of("publisher").get("/console/segments/new").status_code == 403
