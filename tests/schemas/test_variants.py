"""What a material says otherwise, through GraphQL: kept, listed, and told by shelf and material."""

from tests.schemas.conftest import app, editor

VARY = """mutation($m: ID!, $c: ID, $l: String, $t: String) {
  varyMaterial(input: {material: $m, channel: $c, language: $l, title: $t}) {
    material { number } problems { field code } } }"""
SHELF = """query($c: ID!, $l: String) { shelf(channel: $c, language: $l) {
  nodes { title material { title } } } }"""
ONE = "query($m: ID!, $l: String) { material(id: $m, language: $l) { title } }"


def test_a_front_end_is_told_its_own_words_in_its_users_language(house):
    made = house.shown("养老规划")
    assert house.ask(VARY, m=made, c="app", t="养老（应用版）")["varyMaterial"]["problems"] == []
    house.ask(VARY, m=made, l="en", t="Pension")
    front = app(house.app.id)

    def shown(language):
        (node,) = house.ask(SHELF, front, c="app", l=language)["shelf"]["nodes"]
        assert node["material"]["title"] == node["title"]
        assert house.ask(ONE, front, m=made, l=language)["material"]["title"] == node["title"]
        return node["title"]

    assert [shown(None), shown("en"), shown("ja")] == [
        "养老（应用版）",
        "Pension",
        "养老（应用版）",
    ]
    assert house.ask(ONE, m=made, l="zh-CN")["material"]["title"] == "养老规划"
    (refused,) = house.errors(SHELF, front, c="app", l="!!")
    assert refused["extensions"]["code"] == "invalid"


def test_everything_said_otherwise_is_listed_with_the_room_there_is(house):
    made = house.shown("养老规划")
    house.ask(VARY, m=made, c="app", l="en", t="Pension")

    told = house.ask(
        """query($m: ID!) { variants(material: $m) { channel language says { name value } }
           channelLimits(channel: "app") { title needsCover source } }""",
        m=made,
    )
    assert told["variants"] == [
        {"channel": house.app.id, "language": "en", "says": [{"name": "title", "value": "Pension"}]}
    ]
    assert told["channelLimits"]["title"] is None


def test_a_variant_of_nothing_is_a_problem_and_a_rep_varies_nothing(house):
    made = house.shown("养老规划")
    (problem,) = house.ask(VARY, m=made, t="x")["varyMaterial"]["problems"]
    assert problem == {"field": "channel", "code": "variant_of_what"}
    (refused,) = house.errors(VARY, app(house.app.id), m=made, l="en", t="x")
    assert refused["extensions"]["code"] == "forbidden"
    elsewhere = editor(unit="bj", units=frozenset({"", "bj"}), reach=frozenset({"bj"}))
    (refused,) = house.errors(VARY, elsewhere, m=made, l="en", t="x")
    assert refused["extensions"]["code"] == "forbidden"
