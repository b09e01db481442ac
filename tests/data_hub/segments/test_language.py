"""A rule reads as it was written, in text and in JSON; what makes no sense is refused in place."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_hub.segments import read, tree
from data_hub.segments.behaviour import Did, Fresh, SeenOn, Silent, Spent, Then
from data_hub.segments.being import (
    CHOICES,
    Allows,
    Birthday,
    Buys,
    Held,
    Holds,
    In,
    Leans,
    Stands,
    TraitIs,
    Vip,
)  # fmt: skip
from data_hub.segments.language import KINDS
from data_hub.segments.nearness import Near
from data_hub.segments.tree import AllOf, AnyOf, Not
from kernel.errors import Invalid

KIND = st.sampled_from(["bought", "opened_link", "viewed_product", "track.odd_name"])
OP = st.sampled_from([">=", "<=", ">", "<", "=", "!="])
DAYS = st.integers(0, 90)
NAME = st.text(min_size=1, max_size=8).filter(lambda text: "\x00" not in text)
NUMBER = st.one_of(st.integers(0, 10**12), st.floats(0.001, 1e9))
VALUE = st.one_of(st.booleans(), st.integers(-(10**15), 10**15), NAME)
LEAF = st.one_of(
    st.builds(Did, KIND, OP, st.integers(0, 50), DAYS, st.one_of(st.just(""), NAME)),
    st.builds(Did, KIND, OP, st.integers(0, 50), st.integers(0, 3_650), st.just(""), NAME),
    st.builds(Then, st.lists(KIND, min_size=2, max_size=4).map(tuple),
              st.sampled_from([0.0, 1.0, 72.0]), DAYS),
    st.builds(Silent, st.integers(1, 400)), st.builds(Fresh, st.integers(1, 400)),
    st.builds(SeenOn, NAME, DAYS), st.builds(Spent, OP, NUMBER, DAYS),
    st.builds(TraitIs, NAME), st.builds(TraitIs, NAME, OP | st.just("contains"), VALUE),
    st.builds(TraitIs, NAME, st.just("in"), st.lists(VALUE, min_size=1, max_size=3).map(tuple)),
    st.builds(Leans, NAME, st.sampled_from([0.5, 1.0, 3.0])),
    st.sampled_from(sorted(CHOICES)).flatmap(
        lambda what: st.builds(Stands, st.just(what), st.lists(
            st.sampled_from(list(CHOICES[what])), min_size=1, max_size=3, unique=True
        ).map(tuple))
    ),
    st.builds(Vip), st.builds(Held), st.builds(Allows, NAME, st.one_of(st.just(""), NAME)),
    st.builds(Near, st.just(31.23), st.just(121.47), st.just(3_000.0), st.just(24.0)),
    st.builds(Holds, st.one_of(st.just(""), NAME), DAYS), st.builds(Birthday, st.integers(0, 60)),
    st.builds(Buys, st.integers(1, 52), OP, st.sampled_from([0.25, 0.5])), st.builds(In, NAME),
)  # fmt: skip
RULE = st.recursive(
    LEAF,
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        part.map(Not),
    ),
    max_leaves=6,
)


@given(RULE)
@example(TraitIs("或"))
@example(Spent(">=", 1_000_000, 90))
@example(Near(31.230416123456, -0.00001, 1_234_567.0, 0.5))
def test_what_is_printed_reads_as_the_same_rule(rule):
    assert read(tree.text(rule)) == rule
    assert tree.read(tree.told(rule), KINDS) == rule


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("did bought", "did bought"),
        ("做过 read_material of m1 on wechat_oa >= 2 in 180天",
         'did read_material of "m1" on "wechat_oa" >= 2 in 180d'),
        ("做过 bought >= 2 in 90天 且 非 vip", "did bought >= 2 in 90d and not vip"),
        ("did Order_Completed in 4w", "did bought in 28d"),
        ("a and b or c", None),
        ("stage = silent or vip and held", "stage = silent or vip and held"),
        ("(stage = silent or vip) and held", "(stage = silent or vip) and held"),
        ("did viewed_product then bought within 3d",
         "did viewed_product then bought within 72h"),
        ("near 31.2, 121.4 within 3km", "near 31.2, 121.4 within 3000m in 24h"),
        ("buys in 13w >= 40%", "buys in 13w >= 0.4"),
        ('trait city in ("上海", 北京)', 'trait city in ("上海", "北京")'),
        ("everyone", "everyone"),
    ],
)  # fmt: skip
def test_people_may_write_it_in_several_ways(said, means):
    if means is None:
        with pytest.raises(Invalid):
            read(said)
    else:
        assert tree.text(read(said)) == means


@pytest.mark.parametrize(
    ("said", "at"),
    [("did bought >=", 14), ("(vip", 5), ("vip vip", 5), ("nonsense", 1), ("trait a in b", 12),
     ("did bought in 3y", 15), ("vip and", 8), ("", 1), ("vip & held", 5)],
)  # fmt: skip
def test_it_says_where_a_rule_stops_making_sense(said, at):
    with pytest.raises(Invalid) as refused:
        read(said)
    assert refused.value.facts["at"] == at


@pytest.mark.parametrize(
    "said",
    ["did opened_link in 3651d", "did bought of x on y",
     "silent for 0d", "stage = gone", "tag x >= 0", "near 91, 0",
     "(" * 60 + "vip" + ")" * 60, " or ".join(["vip"] * 300), "not " * 30 + "vip",
     "birthday in 90d", "spent >= 5 in 9999d", "not " * 2_000 + "vip",
     *(f"{begins} {'9' * 400}{unit}" for begins, unit in
       (("did bought in", "d"), ("spent >", ""), ("buys in", "w"), ("trait a =", "")))],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(said):
    with pytest.raises(Invalid):
        read(said)


@pytest.mark.parametrize(
    "said",
    [{}, {"is": "magic"}, {"all": 3}, {"not": []}, {"is": "did", "kind": 7}, [], "x",
     {"is": "did", "kind": "bought", "op": "~"}, {"is": "then", "kinds": ["bought"]},
     {"is": "silent"}, {"is": "vip", "more": 1}, {"is": "seen", "account": 5},
     {"is": "in", "segment": {"a": 1}}, {"is": "consent", "purpose": None},
     {"is": "trait", "name": "a", "op": "=", "value": {"b": 1}}, {"is": "silent", "days": True},
     {"is": "spent", "op": ">", "amount": float("nan")}, {"is": "holds", "of": ["x"]},
     {"is": "did", "kind": "bought", "times": "2"}],
)  # fmt: skip
def test_json_that_is_no_rule_is_refused(said):
    with pytest.raises(Invalid):
        tree.read(said, KINDS)
