"""Quotas, leases and fences: never N+1, whoever races, on both engines."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.claims import Leases, Quota, Quotas


@pytest.fixture
def quotas(any_records):
    return Quotas(any_records)


@pytest.fixture
def leases(any_records, clock):
    return Leases(any_records, clock)


def test_a_quota_is_taken_up_to_its_limit_and_not_further(quotas):
    assert [quotas.take(["a"], 2) for _ in range(4)] == [True, True, False, False]
    assert quotas.taken(["a"]) == 2


def test_all_or_nothing_of_a_count_is_taken(quotas):
    assert quotas.take(["a"], 5, count=3)
    assert not quotas.take(["a"], 5, count=3)
    assert quotas.take(["a"], 5, count=2)


def test_the_limit_holds_for_the_sum_over_all_handles_of_one_person(quotas):
    assert quotas.take(["phone::1"], 3)
    assert quotas.take(["openid:a:1"], 3)
    assert quotas.take(["phone::1", "openid:a:1"], 3)
    assert not quotas.take(["openid:a:1", "phone::1"], 3)
    assert quotas.take(["phone::2"], 3)


def test_what_is_given_back_can_be_taken_again_but_never_more(quotas):
    quotas.take(["a"], 2, count=2)
    quotas.give_back(["a"])
    assert quotas.take(["a"], 2)
    quotas.give_back(["a", "b"], count=9)
    assert quotas.taken(["a", "b"]) == 0
    assert [quotas.take(["a"], 2) for _ in range(3)] == [True, True, False]


def test_a_quota_inside_a_bigger_write_goes_with_it(any_records, quotas, break_off):
    break_off(any_records, lambda: quotas.take(["a"], 1), about=["quota:a"])
    assert quotas.take(["a"], 1)


def test_a_bigger_write_must_name_the_quota(any_records, quotas):
    with any_records.write("placement:1"), pytest.raises(RuntimeError, match="quota:a"):
        quotas.take(["a"], 1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(1, 3)), max_size=15),
    st.integers(0, 5),
)
def test_a_quota_is_a_counter_between_nothing_and_its_limit(records, turns, limit):
    with records.write() as session:
        session.query(Quota).delete()
    quotas, taken = Quotas(records), 0
    for taking, first, count in turns:
        keys = sorted("abc", key=lambda key: (key != first, key))
        if taking:
            assert quotas.take(keys, limit, count) == (taken + count <= limit)
            taken += count if taken + count <= limit else 0
        else:
            quotas.give_back(keys, count)
            taken -= min(count, taken)
        assert quotas.taken(keys) == taken


def test_eight_processes_take_exactly_what_there_is(any_records_url, any_records, race):
    answers = race("take", any_records_url, processes=8, turns=25)
    assert len(answers) == 200
    assert sum(answers) == 100
    assert Quotas(any_records).taken(["phone::1", "openid:a:1"]) == 100


def test_of_eight_processes_only_one_holds_and_each_holder_has_its_own_fence(
    any_records_url, any_records, race
):
    fences = race("hold", any_records_url, processes=8, turns=10)
    assert fences
    assert sorted(fences) == list(range(1, len(fences) + 1))


def test_a_lease_is_held_by_one_until_it_ends(leases, clock):
    first = leases.hold("fold", "worker-1", 30)
    assert first.fence == 1
    assert leases.hold("fold", "worker-2", 30) is None
    assert leases.hold("other", "worker-2", 30).fence == 1
    clock.move(timedelta(seconds=30))
    assert leases.hold("fold", "worker-2", 30).fence == 2


def test_a_renewal_keeps_its_fence_and_a_lapse_does_not(leases, clock):
    leases.hold("fold", "worker-1", 30)
    clock.move(timedelta(seconds=29))
    assert leases.hold("fold", "worker-1", 30).fence == 1
    clock.move(timedelta(seconds=31))
    assert leases.hold("fold", "worker-1", 30).fence == 2


def test_a_lease_of_a_clock_that_ran_ahead_keeps_nobody_out_once_it_is_put_back(leases, clock):
    clock.move(timedelta(days=1))
    leases.hold("fold", "worker-1", 30)
    clock.move(timedelta(seconds=-29))
    assert leases.hold("fold", "worker-2", 30) is None
    clock.move(timedelta(days=-1))
    assert leases.hold("fold", "worker-2", 30).fence == 2
    assert leases.hold("fold", "worker-1", 30) is None


def test_who_overslept_cannot_let_go_of_anothers_lease(leases, clock):
    old = leases.hold("fold", "worker-1", 30)
    clock.move(timedelta(minutes=2))
    leases.hold("fold", "worker-2", 30)
    leases.release(old)
    assert [lease.holder for lease in leases.live()] == ["worker-2"]


def test_letting_go_frees_it_at_once(leases):
    with leases.held("fold", "worker-1", 30) as lease:
        assert lease.fence == 1
        with leases.held("fold", "worker-2", 30) as other:
            assert other is None
        assert [live.holder for live in leases.live()] == ["worker-1"]
    assert leases.live() == []
    assert leases.hold("fold", "worker-2", 30).fence == 2
