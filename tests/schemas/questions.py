"""Questions made up over the real schema: any field, any argument, good values and bad ones.

Every question is valid (what is not would be refused before anything is compiled); its arguments
need not make sense, so that errors are asked for as often as answers.
"""

from random import Random

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
)

DEEPEST = 4
MOVING = {"recommendations"}
"""Never answers the same twice: what is offered is written down under an id of its own."""


class Questions:
    """Makes one question after the other out of a seed."""

    def __init__(self, schema, seed, values, hers=()):
        """``values`` are texts that mean something by the names of arguments; under the empty
        name lie others. ``hers`` are what the asker may ask, asked every second time."""
        self._dice = Random(seed)
        self._hers = hers
        self._schema = schema
        self._values = values

    def one(self):
        """A document and its variables."""
        self._variables, self._declared, self._fragments = {}, [], []
        selected = self._selection(self._schema.query_type, 0)
        head = f"query Q({', '.join(self._declared)}) " if self._declared else "query Q "
        return head + " ".join([selected, *self._fragments]), self._variables

    def _often(self, chance):
        return self._dice.random() < chance

    def _selection(self, kind, depth):
        dice, parts = self._dice, []
        able = [
            name
            for name, field in kind.fields.items()
            if (depth or name not in MOVING)
            and (depth < DEEPEST or not isinstance(get_named_type(field.type), GraphQLObjectType))
        ]
        if depth == 0:
            able = self._hers if self._hers and self._often(0.5) else able
            chosen = dice.sample(able, 1 if self._often(0.7) else 2)
        else:
            chosen = dice.sample(able, min(len(able), dice.randint(1, 5)))
        parts = [self._field(kind, name, depth) for name in chosen]
        if self._often(0.15) or not parts:
            parts.append("__typename")
        if depth and self._often(0.12):
            parts.append(f"... on {kind.name} {{ {self._field(kind, chosen[0], depth)} }}")
            return "{ " + parts[-1] + " __typename }"
        if depth and self._often(0.12):
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {kind.name} {{ {' '.join(parts)} }}")
            return f"{{ ...{name} }}"
        return "{ " + " ".join(parts) + " }"

    def _field(self, kind, name, depth):
        field = kind.fields[name]
        alias = f"x{self._dice.randrange(90)}_{name}: " if self._often(0.1) else ""
        told = f"{alias}{name}{self._arguments(field)}{self._switch()}"
        inside = get_named_type(field.type)
        if isinstance(inside, GraphQLObjectType):
            told += f" {self._selection(inside, depth + 1)}"
        return told

    def _switch(self):
        if not self._often(0.05):
            return ""
        how = self._dice.choice(["skip", "include"])
        if self._often(0.5):
            return f" @{how}(if: {self._dice.choice(['true', 'false'])})"
        return f" @{how}(if: ${self._variable('Boolean!', self._often(0.5))})"

    def _arguments(self, field):
        told = []
        for name, argument in field.args.items():
            required = isinstance(argument.type, GraphQLNonNull)
            rarely = 0.97 if name == "after" else 0.75
            if not (required and argument.default_value is Undefined) and self._often(rarely):
                continue
            value = self._plain(argument.type, name)
            if self._often(0.3):
                told.append(f"{name}: ${self._variable(str(argument.type), value)}")
            else:
                told.append(f"{name}: {_spelled(value)}")
        return f"({', '.join(told)})" if told else ""

    def _variable(self, kind, value):
        name = f"v{len(self._declared)}"
        self._declared.append(f"${name}: {kind}")
        self._variables[name] = value
        return name

    def _plain(self, kind, name):
        """A value for what is called ``name``."""
        dice = self._dice
        if isinstance(kind, GraphQLNonNull):
            value = self._plain(kind.of_type, name)
            return self._plain(kind, name) if value is None else value
        if self._often(0.08):
            return None
        if isinstance(kind, GraphQLList):
            return [self._plain(kind.of_type, name) for _ in range(dice.randrange(3))]
        if isinstance(kind, GraphQLEnumType):
            return _Word(dice.choice(list(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            return {
                each: self._plain(field.type, each if each != "all" else name)
                for each, field in kind.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self._often(0.4)
            }
        return {
            "Int": lambda: dice.choice([0, 1, 2, 3, 7, 20, 100] * 3 + [101, -1]),
            "Float": lambda: dice.choice([0.5, 2.0]),
            "Boolean": lambda: self._often(0.5),
            "Moment": lambda: dice.choice(["2026-03-02T09:00:00+08:00", "2026-03-02", ""]),
            "Day": lambda: dice.choice(["2026-03-02", "yesterday"]),
        }.get(kind.name, lambda: self._text(name))()

    def _text(self, name):
        fitting = self._values.get(name, ())
        if fitting and self._often(0.85):
            return self._dice.choice(fitting)
        return self._dice.choice(self._values[""])


class _Word(str):
    """A name of an enumeration."""

    __slots__ = ()


def _spelled(value):
    if isinstance(value, _Word):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_spelled(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spelled, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value)
