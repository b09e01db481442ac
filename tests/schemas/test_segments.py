"""Segments through GraphQL: made, filled, asked why, listed, retired; by those who may."""

import pytest

from kernel.actors import Actor, Role

ANALYST = Actor(id="stf_a", role=Role.ANALYST, staff="stf_a")
ADMIN = Actor(id="stf_x", role=Role.ADMIN, staff="stf_x")
MAKE = """mutation($name: String!, $rule: String, $code: String) {
  createSegment(input: {name: $name, rule: $rule, code: $code}) {
    segment { id code name rule tree static count ready version }
    problems { field code message } } }"""


def made(house, rule=None, code="", name="人群", actor=ADMIN):
    told = house.ask(MAKE, actor, name=name, rule=rule, code=code)["createSegment"]
    house.tell()
    return told


def test_a_segment_is_made_filled_listed_and_asked_why(house):
    her = house.meet(city="上海")
    house.tell(house.event("asked_quote", her))
    told = made(house, 'trait city = "上海" and did asked_quote in 7d', "shanghai")["segment"]
    assert told["tree"]["all"][1] == {
        "is": "did", "kind": "asked_quote", "op": ">=", "times": 1, "days": 7, "of": "",
    }  # fmt: skip
    assert (told["static"], told["version"]) == (False, 1)

    asked = house.ask(
        """query($s: ID!, $c: ID!) {
          segments(first: 5) { totalCount nodes { code count ready members(first: 3) { totalCount
            nodes { id segments { code since } standing { node stage grade gradeReason }
                    holdings { number } windows { kind in7Days } favouriteHour
                    risk { level } marketingHeld } } } }
          segment(id: $s) { rule }
          segmentExplanation(segment: $s, customer: $c) {
            inside because { holds condition sentence } } }""",
        ADMIN, s="shanghai", c=house.id_of(her),
    )  # fmt: skip
    [segment] = asked["segments"]["nodes"]
    assert (segment["count"], segment["ready"], asked["segments"]["totalCount"]) == (1, True, 1)
    [member] = segment["members"]["nodes"]
    assert member["id"] == house.id_of(her)
    assert [each["code"] for each in member["segments"]] == ["shanghai"]
    assert member["standing"]["grade"] == "unknown"
    assert {"kind": "asked_quote", "in7Days": 1} in member["windows"]
    assert asked["segmentExplanation"]["inside"]
    assert [each["holds"] for each in asked["segmentExplanation"]["because"]] == [True, True]


def test_a_retired_segment_has_nobody_and_nothing_to_wait_for(house):
    house.meet()
    made(house, "new in 7d", "new")
    told = house.ask(
        """mutation { retireSegment(input: {segment: "new"}) {
          segment { count ready retired } problems { code } } }""", ADMIN,
    )["retireSegment"]  # fmt: skip
    house.tell()
    asked = house.ask("""{ segment(id: "new") { count ready retired } }""", ADMIN)["segment"]
    assert asked == {"count": 0, "ready": True, "retired": told["segment"]["retired"]}


def test_a_preview_counts_before_anything_is_made(house):
    house.meet()
    asked = """query($r: String) { segmentPreview(rule: $r) { count exact margin total rule } }"""
    assert house.ask(asked, ANALYST, r="new in 7d 且 非 vip")["segmentPreview"] == {
        "count": 1, "exact": True, "margin": 0, "total": 1, "rule": "new in 7d and not vip",
    }  # fmt: skip
    [error] = house.errors(asked, ANALYST, r="new in")
    assert error["extensions"]["code"] == "invalid"
    assert "7" in error["message"]


@pytest.mark.parametrize(
    ("rule", "trait"),
    [
        ('trait phone contains "1381"', "phone"),
        ('trait "$Phone_Number" < 13850000000', "$Phone_Number"),
        ('new in 7d and not (vip or trait 联系电话 in ("13800138000", "13800138001"))', "联系电话"),
        ('trait name = "王小明"', "name"),
    ],
)
def test_a_rule_does_not_tell_piece_by_piece_what_is_masked(house, rule, trait):
    """Who is shown 138****5678 would have the rest by counting, unseen by the reveals."""
    house.meet(name="王小明", phone="13812345678")
    asked = "query($r: String) { segmentPreview(rule: $r) { count } }"
    for actor in (ANALYST, ADMIN):
        [error] = house.errors(asked, actor, r=rule)
        assert trait in error["message"]
        [problem] = made(house, rule, actor=actor)["problems"]
        assert (problem["field"], problem["code"]) == ("rule", "trait_is_masked")
    there = house.ask(asked, ANALYST, r=f'trait "{trait}" exists')["segmentPreview"]
    assert there["count"] == (trait == "name")


def test_what_cannot_be_made_says_why_beside_the_field(house):
    [problem] = made(house, "stage = gone")["problems"]
    assert (problem["field"], problem["code"]) == ("rule", "not_a_choice")
    made(house, "vip", "vips")
    assert made(house, "held", "vips")["problems"][0]["code"] == "code_is_taken"


def test_a_static_list_takes_customers_in_by_any_id(house):
    her = house.meet()
    made(house, code="names")
    listed = house.ask(
        """mutation($c: [ID!]) { listCustomers(input: {segment: "names", add: $c}) {
          segment { static } problems { code } } }""",
        ADMIN, c=[house.id_of(her)],
    )  # fmt: skip
    assert listed["listCustomers"] == {"segment": {"static": True}, "problems": []}
    house.tell()
    assert house.segments.count("names") == 1


def test_a_grade_is_put_by_hand_with_a_reason_and_lifted(house):
    her = house.meet()
    put = """mutation($c: ID!, $g: String, $n: String) {
      gradeCustomer(input: {customer: $c, grade: $g, note: $n}) {
        customer { id } problems { field code } } }"""
    bare = house.ask(put, ADMIN, c=house.id_of(her), g="B")["gradeCustomer"]
    assert bare["problems"] == [{"field": "note", "code": "say_why"}]
    house.ask(put, ADMIN, c=house.id_of(her), g="B", n="聊过很久")
    house.tell()
    asked = "query($c: ID!) { customer(id: $c) { standing { grade gradeReason } } }"
    told = house.ask(asked, ADMIN, c=house.id_of(her))["customer"]["standing"]
    assert told == {"grade": "B", "gradeReason": "人工指定"}
    house.ask(put, ADMIN, c=house.id_of(her))
    house.tell()
    assert house.ask(asked, ADMIN, c=house.id_of(her))["customer"]["standing"]["grade"] != "B"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.ANALYST, True), (Role.EDITOR, False), (Role.REP, False), (Role.CHANNEL_APP, False)],
)
def test_only_those_who_may_make_segments(house, role, allowed):
    told = house.answer(MAKE, Actor(id="x", role=role, staff="x"), name="人群", rule="vip")
    assert (b"forbidden" not in told.body) is allowed
