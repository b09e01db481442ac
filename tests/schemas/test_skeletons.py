"""What the playground offers to begin with is a question that the schema takes, whatever it is."""

import json

import pytest
from graphql import parse, validate

from schemas.graphql import schema
from schemas.graphql.skeletons import skeletons

ALL = {each.name: each for each in skeletons(schema.described())}


@pytest.mark.parametrize("name", ALL)
def test_every_skeleton_is_valid_and_within_the_limits(house, name):
    document = parse(ALL[name].document)
    assert validate(schema.described(), document) == []
    house.edition.guard.check(document)
    (operation,) = document.definitions
    declared = {each.variable.name.value for each in operation.variable_definitions}
    assert json.loads(ALL[name].variables).keys() == declared


def test_every_question_and_verb_has_one():
    roots = schema.described()
    assert ALL.keys() == roots.query_type.fields.keys() | roots.mutation_type.fields.keys()
