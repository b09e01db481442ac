"""Values are what the standard library's dataclasses are, made in less time."""

import copy
import dataclasses
import pickle

import pytest

from kernel.values import dataclass, same

KINDS = (
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True},
    {"slots": True},
    {"kw_only": True},
)


@dataclass(frozen=True, slots=True)
class Point:
    """Where something is."""

    x: int
    y: int = 0
    said: list[str] = dataclasses.field(default_factory=list, hash=False, compare=False)
    key: str = dataclasses.field(default="k", repr=False)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_value_shows_itself_and_compares_as_the_librarys(kind):
    ours, theirs = _made(dataclass, kind), _made(dataclasses.dataclass, kind)

    for one, other in ((ours, ours), (theirs, theirs)):
        assert one(x=1, y=2) == other(x=1, y=2) != other(x=1, y=3)
    assert repr(ours(x=1, y=ours(x=2))) == repr(theirs(x=1, y=theirs(x=2)))
    assert (ours.__hash__ is None) is (theirs.__hash__ is None)
    assert dataclasses.fields(ours)[1].default == 0
    if ours.__hash__:
        assert hash(ours(x=1)) == hash(theirs(x=1))
    if kind.get("order"):
        assert min([ours(x=2), ours(x=1, y=3), ours(x=1)]) == ours(x=1)
    if kind.get("slots"):
        with pytest.raises(AttributeError):
            ours(x=1).z = 3


def _made(decorator, kind):
    class Value:
        """One of either sort."""

        x: int
        y: object = 0

    return decorator(**kind)(Value)


def test_a_value_is_kept_copied_and_made_anew_with_something_else():
    point = Point(1, 2, ["here"])

    for again in (pickle.loads(pickle.dumps(point)), copy.deepcopy(point)):
        assert (again, again.said) == (point, ["here"])
    assert dataclasses.replace(point, y=3) == Point(1, 3)
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 0, "said": [], "key": "k"}
    assert repr(point) == "Point(x=1, y=2, said=['here'])"


def test_what_a_class_says_of_itself_stays():
    @dataclass(frozen=True)
    class Named:
        """One that hides something and counts as its name."""

        name: str
        secret: str = ""

        def __repr__(self) -> str:
            return self.name

        def __hash__(self) -> int:
            return hash(self.name)

    assert (repr(Named("an", "x")), hash(Named("an"))) == ("an", hash("an"))


def test_values_of_one_class_are_the_same_if_all_that_counts_is():
    assert same(Point(1, 2, ["here"]), Point(1, 2)) is True
    assert same(Point(1, 2), Point(1, 3)) is False
    assert same(Point(1), 1) is NotImplemented


def test_one_that_holds_itself_is_shown():
    point = Point(1)
    point.said.append(point)

    assert repr(point) == "Point(x=1, y=0, said=[...])"
