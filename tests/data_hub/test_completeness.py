"""The catalogue says of what was heard lately which required thing was lacking how often."""

import pytest

from data_hub.completeness import catalogue, lacks
from tests.data_hub.telling import event, user


@pytest.mark.rule("R14.1")
def test_what_was_lacking_is_counted_by_kind_and_name(hub, clock):
    told = [{"query": "养老"}] * 7 + [{}] * 2 + [{"query": ""}]
    hub.tell(*(event("searched", user(f"u{n}"), detail=each) for n, each in enumerate(told)))
    hub.tell(*(event("shared_material", user(f"u{n}"), material="m" * (n > 0)) for n in range(4)))
    hub.tell(*(event("track.quiz", user(f"u{n}")) for n in range(3)))
    hub.settle()
    found = catalogue(hub.history, clock)
    heard = {each.kind.name: each for each in found.kinds if each.count}
    assert {name: (each.count, dict(each.lacking)) for name, each in heard.items()} == {
        "searched": (10, {"query": 3}), "shared_material": (4, {"material": 1}),
    }  # fmt: skip
    assert heard["searched"].rate("query") == 0.3
    assert heard["shared_material"].figures == ["shares"]
    assert (found.strangers, found.looked_at) == ([("track.quiz", 3)], 17)


@pytest.mark.parametrize(
    ("kind", "told", "lacking"),
    [
        ("bought", {"amount": 0, "product": "试用装"}, []),
        ("bought", {"properties": {"revenue": 0, "products": [{"name": "试用装"}]}}, []),
        ("bought", {"properties": {"amount": "", "product": "p"}}, ["amount"]),
        ("bought", {}, ["amount", "product"]),
        ("located", {"latitude": 0.0, "longitude": 101.4}, []),
        ("located", {"latitude": None, "longitude": 101.4}, ["latitude"]),
    ],
)
def test_nothing_paid_and_a_place_at_0_degrees_are_told(kind, told, lacking):
    assert lacks(event(kind, user("u1"), detail=told)) == lacking
