"""Names that others' scripts rely on: paths, the verbs and questions of GraphQL, targets, benches.

The command line's are in `test_commands`, what the demo writes down in `tests/demo`.
"""

import re

import graphql
import pytest
from click import Group

from juzhen.cli import below, juzhen
from schemas import openapi
from schemas.graphql import schema

PATHS = """
/graphql /auth/exchange
/v1/batch /v1/track /v1/identify /v1/page /v1/screen /v1/group /v1/alias
/v1/t /v1/i /v1/p /v1/s /v1/g /v1/a /v1/b /v1/import /v1/projects/{key}/settings
/sa /sa.gif /debug /callbacks/{account} /t/{code} /c/{material} /media /media/{id}/{rendition}
/livez /readyz /metrics /openapi.json
"""
QUESTIONS = """
shelf material materials tags tag campaigns campaign deliveries recommendations customer customers
segments counts search me
"""
VERBS = """
createMaterial editMaterial tagMaterials placeMaterial movePlacement retireMaterial createTag
renameTag mergeTags
"""
TARGETS = "demo test help lint bench rules soak docs demo-reset"
BENCHES = """
shelf_graphql intake_batch intake_single fold digest timeline segments recommend search publish
deliveries gate matching recommend_served
"""
ASKED = {
    "shelf": """
query Shelf($channel: ID!, $tags: [ID!], $first: Int = 20, $after: String) {
  shelf(channel: $channel, filter: {tags: {all: $tags, descendants: true}},
        first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id type title summary cover { url } tags { id label facet } opens closes trackedUrl }
  }
}""",
    "simulated": """
query ($channel: ID!, $slot: String, $at: Moment) {
  shelf(channel: $channel, slot: $slot, at: $at) { nodes { fields(names: ["a"]) { name value } } }
}""",
    "recommendations": """
query Recommend($customer: ID!, $first: Int = 10) {
  recommendations(customer: $customer, first: $first) {
    id asOf
    items {
      position score material { id title type } script { id text }
      reasons { kind text weight evidence }
    }
  }
}""",
    "timeline": """
query ($id: ID!, $first: Int, $after: String) {
  customer(id: $id) {
    timeline(first: $first, after: $after) { totalCount nodes { id kind at source } }
  }
  customers(filter: {handle: "+8613800000000"}) { nodes { id } }
}""",
    "create": """
mutation ($cover: ID, $fields: [FieldInput!]) {
  createMaterial(input: {code: "a", type: "poster", title: "b", summary: "c", body: "d",
                         cover: $cover, fields: $fields}) {
    material { id } problems { code field message }
  }
}""",
    "place": """
mutation ($opens: Moment, $closes: Moment) {
  tagMaterials(input: {materials: ["a"], add: ["t"], remove: ["u"]}) {
    problems { code field message }
  }
  placeMaterial(
    input: {material: "a", channel: "app", slot: "top", opens: $opens, closes: $closes}
  ) {
    problems { code field message }
  }
  retireMaterial(input: {material: "a"}) { problems { code field message } }
}""",
}  # fmt: skip


def test_every_path_that_others_call_is_described():
    described = openapi.description()["paths"]

    assert set(PATHS.split()) - described.keys() == set()


@pytest.fixture(scope="module")
def sdl():
    return graphql.build_schema(schema.sdl())


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_what_front_ends_ask_is_a_question_that_the_schema_knows(sdl, asked):
    assert graphql.validate(sdl, graphql.parse(asked)) == []


def test_questions_and_verbs_have_the_promised_names(sdl):
    assert set(QUESTIONS.split()) - sdl.query_type.fields.keys() == set()
    assert set(VERBS.split()) - sdl.mutation_type.fields.keys() == set()


def test_every_verb_takes_one_input_and_says_what_was_wrong(sdl):
    for name, verb in sdl.mutation_type.fields.items():
        assert list(verb.args) == ["input"], name
        payload = graphql.get_named_type(verb.type)
        wrong = graphql.get_named_type(payload.fields["problems"].type)
        assert {"code", "field", "message"} <= wrong.fields.keys(), name


def test_every_list_is_a_connection(sdl):
    for name, kind in sdl.type_map.items():
        if name.endswith("Connection"):
            assert {"nodes", "pageInfo", "totalCount"} <= kind.fields.keys(), name


def test_targets_and_benches_have_the_promised_names(root):
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(TARGETS.split()) - targets == set()
    assert set(BENCHES.split()) - {each.stem for each in (root / "bench").glob("*.py")} == set()


def test_a_family_of_commands_helps_with_an_example_too():
    families = [each for each in below(juzhen) if isinstance(each, Group)]

    assert [each.name for each in families if "Example: " not in (each.help or "")] == []
