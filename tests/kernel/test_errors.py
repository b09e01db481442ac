"""Problems: a code for programs, a reason for sentences, every flaw named."""

import pytest

from kernel.actors import Actor, Role, may, require
from kernel.errors import (
    Conflict,
    Flaw,
    Forbidden,
    Invalid,
    NotFound,
    Overloaded,
    Problem,
    SignedOff,
)


def test_a_refusal_can_list_everything_found_at_once():
    flaws = [Flaw("title", "bad_cursor"), Flaw("first", "page_size_out_of_range", {"limit": 3})]
    refusal = Invalid.because(iter(flaws))
    assert refusal.flaws == tuple(flaws)
    assert (refusal.field, refusal.reason) == ("title", "bad_cursor")
    assert "3" in refusal.flaws[1].message("zh")


def test_each_problem_has_its_own_code():
    codes = [
        kind.code
        for kind in (Problem, Invalid, NotFound, Conflict, Forbidden, SignedOff, Overloaded)
    ]
    assert len(set(codes)) == len(codes)


def test_a_problem_speaks_the_askers_language():
    missing = NotFound("material", "mat_1")
    assert "mat_1" in missing.message("zh")
    assert missing.message("zh") != missing.message("en") == str(missing)
    assert missing.message("fr") == missing.message("zh")


def test_who_is_too_early_is_told_when_to_come_back():
    assert Overloaded("bad_cursor", seconds=3).seconds == 3


def test_what_the_table_does_not_name_is_denied():
    rep = Actor(id="tok_1", role=Role.REP)
    assert may(rep, "recommend")
    assert not may(rep, "manage_tags")
    assert may(Actor(id="tok_2", role=Role.ADMIN), "anything at all")
    assert all(may(Actor(id="x", role=role), "me") for role in Role)
    with pytest.raises(Forbidden) as refused:
        require(rep, "manage_tags")
    assert refused.value.facts == {"role": "rep", "verb": "manage_tags"}


def test_a_customers_token_sees_the_shelf_and_nothing_else():
    customer = Actor(id="tok_3", role=Role.CUSTOMER)
    verbs = ["read_shelf", "me", "search", "read_customers", "recommend", "send_events"]
    assert [verb for verb in verbs if may(customer, verb)] == ["read_shelf", "me"]


def test_two_actors_with_the_same_sight_see_the_same():
    one = Actor(id="a", role=Role.REP, units=frozenset({"", "u1"}), reach=frozenset({"u1"}))
    other = Actor(id="b", role=Role.REP, units=frozenset({"u1", ""}), reach=frozenset())
    assert one.sight == other.sight == ",u1"
    assert Actor(id="c", role=Role.ADMIN).sight == "*"


def test_a_fact_may_have_any_name():
    clash = Conflict("bad_cursor", key="a", language="b", reason="c", field="d")
    assert clash.message("zh") != "bad_cursor"
    assert clash.facts["reason"] == "c"


def test_kinds_roles_and_verbs_are_told_in_the_readers_language():
    missing = NotFound("customer", "cus_1")
    assert missing.message("zh") == "找不到这个客户：cus_1"
    assert missing.message("en") == "There is no customer cus_1."
    assert NotFound("zebra", "z1").message("en") == "There is no zebra z1."
    refused = Forbidden("may_not", role="rep", verb="manage_tags")
    assert refused.message("zh") == "您的角色（客户经理）不能执行此操作：管理标签"
    assert refused.facts == {"role": "rep", "verb": "manage_tags"}
