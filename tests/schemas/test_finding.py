"""Facets and saved searches through GraphQL."""

from tests.schemas.conftest import app, editor

FACETS = """query F($text: String, $filter: MaterialFilter) { facets(text: $text, filter: $filter) {
  types { type count } tags(first: 5) { tag { label } count } topics: tags(facet: "topic") { count }
} }"""
SAVE = """mutation S($input: SaveViewInput!) { saveView(input: $input) {
  view { id title mine shared arguments { name values } } problems { field code } } }"""
VIEWS = "{ savedViews { id title mine arguments { name values } } }"
GO = """mutation R($view: ID!) { removeView(input: {view: $view}) { removed problems { code } } }"""


def told(house, title, type_, *tags):
    made = house.materials.create(type_, title, tags=tags, by="li")
    while house.finding.follow():
        pass
    return made


def test_facets_count_what_search_finds(house):
    tag = house.taxonomy.create("养老金", "topic", code="pension_money", by="li")
    told(house, "养老金海报", "poster", tag.id)
    told(house, "养老金话术", "script", tag.id)
    answer = house.ask(FACETS, text="养老金", filter={"types": ["poster"]})["facets"]
    assert answer["types"] == [{"type": "poster", "count": 1}, {"type": "script", "count": 1}]
    assert answer["tags"] == [{"tag": {"label": "养老金"}, "count": 1}]
    assert answer["topics"] == [{"count": 1}]
    assert house.errors(FACETS, app(house.app.id))[0]["extensions"]["code"] == "forbidden"


def test_a_search_is_saved_shared_and_removed(house):
    asked = [{"name": "q", "values": ["养老"]}, {"name": "after", "values": ["x"]}]
    saved = house.ask(SAVE, input={"title": "养老素材", "arguments": asked, "shared": True})
    view = saved["saveView"]["view"]
    assert view["arguments"] == [{"name": "q", "values": ["养老"]}]
    assert (view["mine"], bool(view["shared"])) == (True, True)
    colleague = editor(id="stf_other", staff="stf_other")
    (seen,) = house.ask(VIEWS, colleague)["savedViews"]
    assert (seen["title"], seen["mine"]) == ("养老素材", False)
    assert house.errors(GO, colleague, view=view["id"])[0]["extensions"]["code"] == "forbidden"
    assert house.ask(GO, view=view["id"])["removeView"] == {"removed": view["id"], "problems": []}
    assert house.ask(VIEWS)["savedViews"] == []
    refused = house.ask(SAVE, input={"title": "", "page": "nowhere"})["saveView"]
    assert refused["problems"] == [{"field": "page", "code": "not_a_choice"}]
