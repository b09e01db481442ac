"""Over the real schema and real keepers, compiled functions answer as graphql-core does."""

import orjson
import pytest
from graphql import execute, parse, specified_rules, validate
from graphql.execution.values import get_variable_values

from kernel.actors import Actor, Role
from schemas.graphql.compiler import Unsupported, compile_query, reader, switches
from tests.schemas.conftest import app, editor
from tests.schemas.questions import Questions
from tests.sizes import sized

EACH = sized(60, 1_250)
"""Questions compared a seed: 5,000 in a soak."""
_ASKERS = 4


@pytest.fixture
def full(house):
    """The house with something of everything in it."""
    made = house.shown("退休后的养老规划", "养老社区", "理财")
    house.shown("理财小白入门课", "理财")
    person = house.meet("13800138000")
    tags = [house.tag("理财"), house.tag("养老社区")]
    house.values = {
        "": [made, "topic", "nothing", "", "mat_1", "tag_1", "养老"],
        "channel": ["app", house.app.id], "material": [made], "tags": tags, "all": tags,
        "any": tags, "none": tags, "under": tags, "types": ["script", "image_text"],
        "customer": [str(person)], "id": [made, tags[0]], "text": ["养老", "理财"],
        "rendition": ["cover", "thumb"], "facet": ["topic"], "handle": [str(person)],
        "names": ["scene"], "since": ["2026-03-01"], "until": ["2026-03-09"],
    }  # fmt: skip
    return house


def askers(house):
    return [
        Actor(id="stf_admin", role=Role.ADMIN), editor(), app(house.app.id),
        Actor(id="user", role=Role.CUSTOMER, account=house.app.id, customer="user:x:1"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(_ASKERS))
def test_compiled_and_walked_answers_are_the_same_errors_included(full, seed):
    schema, asker = full.edition.schema, askers(full)[seed]
    hers = ("shelf", "material", "me") if asker.role in {Role.CHANNEL_APP, Role.CUSTOMER} else ()
    questions = Questions(schema, seed, full.values, hers)
    compiled = compared = failed = 0
    for _ in range(EACH * 2):  # some are none: they contradict themselves, or their variables do
        if compared == EACH:
            break
        text, given = questions.one()
        document = parse(text)
        if validate(schema, document, specified_rules):
            continue
        definitions = document.definitions[0].variable_definitions
        variables = get_variable_values(schema, definitions, given)
        if isinstance(variables, list):
            continue
        plainly = reader(schema, document.definitions[0])(given)
        assert plainly in (None, variables), text
        compared += 1
        decided = {name: variables.get(name) for name in switches(document)}
        try:
            function = compile_query(schema, document, decided)
        except Unsupported:
            continue
        compiled += 1
        walked = execute(schema, document, None, full.context(asker), given)
        expected = told(walked.data, walked.errors)
        failed += "errors" in expected
        for _again in range(2):  # the second time from what was kept
            assert told(*function(full.context(asker), variables)) == expected, (text, given)
    assert compared == EACH
    assert compiled >= compared * 0.8, (compiled, compared)
    assert 0.05 < failed / compiled < 0.95


def told(data, errors):
    answer = {"data": data}
    if errors:
        answer["errors"] = [error.formatted for error in errors]
    return orjson.loads(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS))
