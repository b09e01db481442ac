"""A material's life through GraphQL: handed in, approved, compared, restored, put away."""

from kernel.actors import Role
from tests.schemas.conftest import editor

LIFE = """query($m: ID!) { materialLife(material: $m) {
  state heldBy reviews { verdict by note } comments { text } versions { number by } } }"""


def test_a_poster_is_handed_in_approved_commented_and_restored(house):
    house.ask(
        """mutation { setTypePolicy(input: {type: "poster", steps: 1, fourEyes: true}) {
           problems { code } } }"""
    )
    made = house.ask(
        """mutation { createMaterial(input: {type: "poster", title: "海报"}) {
           material { id } } }"""
    )["createMaterial"]["material"]["id"]
    review = """mutation($m: ID!, $v: String!) {
      reviewMaterial(input: {material: $m, verdict: $v}) {
      review { verdict } problems { code } } }"""
    house.ask(
        "mutation($m: ID!) { submitForReview(input: {material: $m}) { review { id } } }", m=made
    )
    waiting = house.ask("{ waitingForReview { id } }")["waitingForReview"]
    assert waiting == [{"id": made}]
    (own,) = house.errors(review, m=made, v="approve")
    assert own["extensions"]["code"] == "forbidden"
    wang = editor(id="stf_wang", staff="stf_wang")
    house.ask(review, wang, m=made, v="approve")

    house.ask(
        """mutation($m: ID!) {
          editMaterial(input: {material: $m, title: "新海报"}) { problems { code } }
          restoreVersion(input: {material: $m, number: 1}) { material { title number } }
          commentOnMaterial(input: {material: $m, text: "好", mentions: ["stf_wang"]}) {
            comment { id } }
        }""",
        m=made,
    )
    life = house.ask(LIFE, m=made)["materialLife"]
    assert (life["state"], [each["number"] for each in life["versions"]]) == ("draft", [3, 2, 1])
    assert [each["verdict"] for each in life["reviews"]] == ["approve", "submit"]
    assert house.ask("{ mentions { text } }", wang)["mentions"] == [{"text": "好"}]
    compared = """query($m: ID!) { compareVersions(material: $m, old: 1, new: 2) {
      field old new } }"""
    assert house.ask(compared, m=made)["compareVersions"] == [
        {"field": "title", "old": "海报", "new": "新海报"}
    ]
    house.ask(
        "mutation($m: ID!) { archiveMaterial(input: {material: $m}) { material { id } } }", m=made
    )
    assert house.ask(LIFE, m=made)["materialLife"]["state"] == "archived"
    house.ask(
        "mutation($m: ID!) { takeOutMaterial(input: {material: $m}) { material { id } } }", m=made
    )
    assert house.ask(LIFE, m=made)["materialLife"]["state"] == "draft"


def test_a_rep_reviews_nothing(house):
    (error,) = house.errors("{ waitingForReview { id } }", editor(role=Role.REP))
    assert error["extensions"]["code"] == "forbidden"


def test_what_waits_in_other_units_takes_no_place_in_a_branchs_list(house):
    asked = []
    waiting = house.reviews.waiting
    house.reviews.waiting = lambda **told: asked.append(told) or waiting(**told)
    branch = editor(unit="unt_north", units=frozenset({"", "unt_north"}), reach=frozenset())
    house.ask("{ waitingForReview { id } }", branch)
    assert asked == [{"sight": ["", "unt_north"]}]
