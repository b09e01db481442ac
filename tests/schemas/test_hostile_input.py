"""What GraphQL is sent by ill will: fields that are nobody's to set, injections, chance."""

import random

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
)

from kernel.actors import Actor, Role
from kernel.ids import cursor
from schemas.graphql.errors import FAILED
from tests.sizes import sized

NOBODYS = ("tenantId", "owner", "role", "status", "grade", "id", "by", "createdAt", "number")
ADMIN = Actor(id="stf_admin", role=Role.ADMIN, staff="stf_admin")


def test_s7_no_mutation_takes_a_field_that_is_nobodys_to_set(house):
    verbs = house.edition.schema.mutation_type.fields
    tried = 0
    for name, verb in verbs.items():
        known = get_named_type(verb.args["input"].type).fields
        for field in set(NOBODYS) - set(known):
            text = f'mutation {{ {name}(input: {{{field}: "x"}}) {{ problems {{ code }} }} }}'
            told = orjson.loads(house.answer(text, ADMIN).body)
            assert not told.get("data"), text
            tried += 1
    assert tried >= 300


SQL = (
    "'", '"', "' OR '1'='1", "'; DROP TABLE materials; --", "') OR 1=1 --", "1; SELECT 1", "\\'",
    "' UNION SELECT password FROM logins --", "%", "_", "%%%", "养老' AND sleep(9) --", "\x1b'",
    "a/**/OR/**/1=1", "0x27", "' || (SELECT 1) || '", "$1", "?", ":id", "`", "\\", ";--", "{}",
    "NULL",
)  # fmt: skip
INDEX = (
    "*", "title:*", "title:养老 OR 1", '"', '""', '"养老', "养老*", "NEAR(养老 理财)", "^养老",
    "-养老", "养老 NOT 理财", "{title body}: x", "(", "((", "AND", "OR OR", "养老~9", "/.*/",
    "_exists_:title", '{"match_all":{}}', '{"script":{"source":"1"}}', "_source", "养老^999",
    "[* TO *]", "unit:*",
)  # fmt: skip
SEARCH = "query($x: String!) { search(text: $x, first: 5) { totalCount nodes { id } } }"
LIST = """query($x: String!, $ids: [ID!]) {
  materials(filter: {text: $x, tags: {all: $ids}, types: [$x]}, first: 5) { nodes { id } } }"""
PAGE = "query($x: String!) { materials(first: 5, after: $x) { nodes { id } } }"
SHELF = "query($x: ID!) { shelf(channel: $x, first: 5) { nodes { id } } }"


def test_s24_nothing_that_is_asked_is_taken_for_a_question_to_the_database(house):
    house.shown("养老规划", "养老", unit="")
    hidden = house.materials.create("script", "分公司话术", unit="unt_other", by="li").id
    before = house.materials.page(first=1, count=True).total
    rep = Actor(id="stf_rep", role=Role.REP, staff="stf_rep", reach=frozenset())
    tried = 0
    for text in (SEARCH, LIST, PAGE, SHELF):
        for payload in (*SQL, *INDEX):
            answer = house.answer(text, rep, x=payload, ids=[payload])
            told = orjson.loads(answer.body)
            codes = {each["extensions"]["code"] for each in told.get("errors", ())}
            assert codes <= {"invalid", "not_found", "forbidden"}, (text, payload, told)
            assert hidden not in answer.body.decode(), (text, payload)
            tried += 1
    assert tried >= 60
    assert house.materials.page(first=1, count=True).total == before


FORGED = (
    (1 << 62,), (-1,), ("x",), ("x", "x"), ("2026-03-02T09:00:00", "x"), (1 << 62, "x"),
    ("0001-01-01T00:00:00+14:00", "x"), (1.5, "x"), ("9999", 1), (1, "x", 1),
)  # fmt: skip
"""Keys that some list might have ended at, as its cursor spells them."""


def test_a_cursor_that_somebody_made_up_is_refused_or_leads_to_a_page(house):
    house.refusals = Nothing()
    hostile, asked = Hostile(7), 0
    for name, field in sorted(house.edition.schema.query_type.fields.items()):
        if "after" not in field.args:
            continue
        for key in FORGED:
            text, given = hostile.question("query", name, field, ["after"])
            told = orjson.loads(house.answer(text, ADMIN, **given | {"after": cursor(*key)}).body)
            codes = {each["extensions"]["code"] for each in told.get("errors", ())}
            assert FAILED not in codes, (text, given, key)
            asked += 1
    assert asked >= 100


class Hostile(random.Random):
    """Arguments of the right shape and of the worst kind, by their types."""

    WORDS = (
        "",
        "x" * 5_000,
        "\x00",
        "💥\u202e",
        "../../etc",
        "-1",
        "null",
        "mat_1",
        "养老",
        "0" * 40,
        *(cursor(*key) for key in FORGED),
    )

    def value(self, kind, depth=0):
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [self.value(kind.of_type, depth) for _ in range(self.randrange(3))]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                name: self.value(each.type, depth + 1) for name, each in kind.fields.items()
                if isinstance(each.type, GraphQLNonNull) or self.random() < 0.6 / (depth + 1)
            }  # fmt: skip
        if isinstance(kind, GraphQLEnumType):
            return self.choice(list(kind.values))
        made = {
            "Int": lambda: self.choice([0, -1, 1, 101, 2**31 - 1, -(2**31)]),
            "Float": lambda: self.choice([0.0, -1e308, 1e308, 1e-9]),
            "Boolean": lambda: self.random() < 0.5,
            "Moment": lambda: self.choice(["2026-03-02T09:00:00Z", "0001-01-01T00:00:00+14:00",
                                           "9999-12-31T23:59:59-12:00", "soon"]),
            "Day": lambda: self.choice(["2026-03-02", "0001-01-01", "9999-12-31", "soon"]),
            "Value": lambda: self.choice([None, [], {}, [[[]]], 1e308, "x", True]),
        }  # fmt: skip
        return made.get(kind.name, lambda: self.choice(self.WORDS))()

    def question(self, root, name, field, wanted=None):
        """One field with a little of what it answers; arguments as variables, those that are
        ``wanted`` beside what it needs, or some by chance."""
        chosen = {
            each: argument for each, argument in field.args.items()
            if isinstance(argument.type, GraphQLNonNull)
            or (self.random() < 0.5 if wanted is None else each in wanted)
        }  # fmt: skip
        heads = ", ".join(f"${each}: {argument.type}" for each, argument in chosen.items())
        given = ", ".join(f"{each}: ${each}" for each in chosen)
        below = get_named_type(field.type)
        leaves = "" if is_leaf_type(below) else "{ __typename }"
        head, call = (f"({each})" if each else "" for each in (heads, given))
        text = f"{root}{head} {{ {name}{call} {leaves} }}"
        return text, {each: self.value(argument.type) for each, argument in chosen.items()}


@pytest.mark.parametrize("root", ["query", "mutation"])
def test_s40_no_field_of_the_schema_fails_on_us_whatever_it_is_asked_with(house, root):
    house.refusals = Nothing()
    kind = getattr(house.edition.schema, f"{root}_type")
    hostile = Hostile(root)
    for name, field in sorted(kind.fields.items()):
        for _ in range(sized(2, 100)):
            text, given = hostile.question(root, name, field)
            told = orjson.loads(house.answer(text, ADMIN, **given).body)
            for error in told.get("errors", ()):
                assert isinstance(error["message"], str)
                assert error["extensions"]["code"] != FAILED, (text, given, error)


class Nothing:
    """Refusals of a house that has no journal: there were none."""

    def sorts(self, *_, **__):
        return []

    def __getattr__(self, name):
        return self.sorts
