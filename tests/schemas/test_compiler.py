"""The compiled function answers what graphql-core answers, errors and nulls included."""

import random
from enum import Enum
from types import SimpleNamespace

import graphene
import orjson
import pytest
from graphql import execute, parse, specified_rules, validate
from graphql.execution.values import get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.graphql.binding import bind
from schemas.graphql.compiler import Unsupported, compile_query, switches
from schemas.graphql.compiler.runtime import Run, kept


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


ColourKind = graphene.Enum.from_enum(Colour)


class Author(graphene.ObjectType):
    id = graphene.ID(required=True)
    name = graphene.String()
    born = graphene.Int()
    friends = graphene.List(lambda: Author)


class Book(graphene.ObjectType):
    id = graphene.ID(required=True)
    title = graphene.String(required=True)
    pages = graphene.Int(required=True)
    price = graphene.Float()
    sold = graphene.Boolean()
    colour = graphene.Field(ColourKind)
    words = graphene.List(graphene.NonNull(graphene.String))
    grid = graphene.List(graphene.List(graphene.NonNull(graphene.Int)))
    author = graphene.Field(Author)
    editor = graphene.Field(Author, required=True)
    readers = graphene.List(graphene.NonNull(Author), required=True)


def shout(source, ask, times=1, also=None):
    return "!".join([str(source.title)] * times) + "".join(sorted(also or []))


class Shelf(graphene.ObjectType):
    nodes = graphene.List(Book)
    best = graphene.Field(Book)
    count = graphene.Int()
    chosen = graphene.List(graphene.NonNull(graphene.String))


class Query(graphene.ObjectType):
    shelf = graphene.Field(
        Shelf,
        first=graphene.Int(default_value=3),
        colour=graphene.Argument(ColourKind),
        resolver=lambda source, ask, first, colour=None: shelf_of(ask, first, colour),
    )
    book = graphene.Field(
        graphene.NonNull(Book),
        id=graphene.ID(required=True),
        resolver=lambda source, ask, **named: ask.context[len(named["id"]) % len(ask.context)],
    )
    failing = graphene.String(resolver=lambda source, ask: 1 / 0)


Book._meta.fields["shout"] = graphene.Field(
    graphene.String,
    times=graphene.Int(),
    also=graphene.List(graphene.NonNull(graphene.String)),
    resolver=shout,
)


def shelf_of(ask, first, colour):
    books = ask.context[: max(first or 0, 0)]
    if colour is not None:
        books = [book for book in books if getattr(book, "colour", None) == colour]
    chosen = sorted(ask.selected)
    return SimpleNamespace(nodes=books, best=books and books[0], count=len(books), chosen=chosen)


@pytest.fixture(scope="module")
def schema():
    made = graphene.Schema(Query).graphql_schema
    bind(made)
    return made


class Dice(random.Random):
    """Makes queries and the data they are asked of."""

    def often(self, chance: float) -> bool:
        return self.random() < chance

    def text(self) -> object:
        return self.choice(["書", "a", "", 7, True, None, ValueError("no text")])

    def value(self, good: object) -> object:
        return self.text() if self.often(0.06) else good

    def author(self, depth=0):
        friends = [self.author(depth + 1) for _ in range(self.randrange(3))] if depth < 2 else None
        return SimpleNamespace(
            id=self.value("a1"), name=self.value("李"), born=self.value(1986),
            friends=self.value(friends),
        )  # fmt: skip

    def book(self):
        return self.value(
            SimpleNamespace(
                id=self.value("b1"), title=self.value("養老"), pages=self.value(3),
                price=self.choice([1.5, 2, None, float("nan"), "x"]), sold=self.value(True),
                colour=self.choice([Colour.RED, "blue", None, "green"]),
                words=self.choice([["a", "b"], ("c",), [None], None, "text", {"d"}]),
                grid=self.choice([[[1], None, [2, None]], [], [[3, "4"]], 5]),
                author=self.value(self.author()), editor=self.value(self.author()),
                readers=self.value([self.value(self.author()) for _ in range(3)]),
            )
        )  # fmt: skip

    def when(self) -> str:
        if self.often(0.85):
            return ""
        how = self.choice(["skip", "include"])
        return f" @{how}(if: {self.choice(['true', 'false', '$yes', '$no'])})"

    def name(self, field: str) -> str:
        return f"{self.choice('xyz')}_{field}: {field}" if self.often(0.2) else field

    def author_fields(self, depth: int) -> str:
        parts = [self.name(each) + self.when() for each in self.some("id name born __typename")]
        if depth:
            parts.append(f"friends {{ {self.author_fields(depth - 1)} }}")
        return " ".join(parts)

    def some(self, names: str) -> list[str]:
        pool = names.split()
        return [self.choice(pool) for _ in range(self.randint(1, 3))]

    def book_fields(self) -> str:
        plain = "id title pages price sold colour words grid __typename"
        parts = [self.name(each) + self.when() for each in self.some(plain)]
        parts += [
            f"{each}{self.when()} {{ {self.author_fields(self.randrange(3))} }}"
            for each in self.some("author editor readers")
        ]
        if self.often(0.3):
            parts.append(self.choice(["shout", "shout(times: 2)", "shout(times: $n, also: [$s])"]))
        if self.often(0.3):
            parts.append(f"...{self.when()} {{ {self.name('title')} }}")
        if self.often(0.3):
            parts.append(f"...Card{self.when()}")
        self.shuffle(parts)
        return " ".join(parts)

    def query(self) -> str:
        asked = ["shelf", "shelf(first: 2)", "shelf(first: $n)", "shelf(colour: RED)"]
        asked.append("shelf(colour: $colour)")
        nodes, best = self.book_fields(), self.book_fields()
        shelf = f"s: {self.choice(asked)}{self.when()}"
        parts = [f"{shelf} {{ count chosen nodes {{ {nodes} }} best {{ {best} }} }}"]
        if self.often(0.4):
            parts.append(f"book(id: {self.choice(['1', '$s'])}) {{ {self.book_fields()} }}")
        if self.often(0.2):
            parts.append("failing __typename")
        head = (
            'query Q($n: Int = 2, $s: String! = "k", $yes: Boolean! = true, $no: Boolean!,'
            " $colour: Colour)"
        ).replace("$s: String!", "$s: ID!" if "book(id: $s)" in parts[-1] else "$s: String!")
        return f"{head} {{ {' '.join(parts)} }} fragment Card on Book {{ {self.book_card()} }}"

    def book_card(self) -> str:
        return f"pages {self.when() and 'sold' + self.when()} editor {{ {self.author_fields(1)} }}"


def told(data, errors):
    return data, [error.formatted for error in errors or []]


@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([None, 0, 1, 5]))
@settings(max_examples=40, deadline=None)
def test_compiled_queries_answer_what_graphql_core_answers(schema, seed, no, n):
    dice = Dice(seed)
    books = [dice.book() for _ in range(3)]
    for _ in range(3):
        text = dice.query()
        document = parse(text)
        rules = [rule for rule in specified_rules if rule.__name__ not in _LENIENT]
        if validate(schema, document, rules):
            continue
        given_variables = {"no": no, "n": n, "colour": "BLUE"}
        definitions = document.definitions[0].variable_definitions
        variables = get_variable_values(schema, definitions, given_variables)
        decided = {name: variables.get(name) for name in switches(document)}
        compiled = compile_query(schema, document, decided)
        expected = execute(schema, document, None, books, given_variables)
        assert told(*compiled(books, variables)) == told(expected.data, expected.errors), text


_LENIENT = {"NoUnusedVariablesRule", "NoUnusedFragmentsRule"}
"""A generated document need not use all it declares."""


class Crowded(dict):
    """Makes room for others as soon as something is put down: another thread was faster."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.clear()


def test_what_another_thread_threw_away_is_told_all_the_same():
    source = SimpleNamespace(told=Crowded())
    told = kept(source, "k", lambda _: {"a": 1}, Run({}))
    assert orjson.dumps(told) == b'{"a":1}'


def test_what_is_not_known_is_left_to_graphql_core(schema):
    for text in ("{ __schema { types { name } } }", '{ __type(name: "Book") { name } }'):
        with pytest.raises(Unsupported):
            compile_query(schema, parse(text), {})


def test_switches_are_the_variables_that_choose_fields():
    document = parse(
        "query($a: Boolean!, $b: Int) { x(n: $b) @skip(if: $a) ... @include(if: true) { y } }"
    )
    assert switches(document) == ("a",)
