"""What was asked for last stays, and no more of it than was allowed."""

from kernel.latest import Lately, Latest


def test_what_was_not_asked_for_longest_goes_first():
    kept = Latest(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_asked_for_again_and_again_outlives_any_number_of_others():
    kept = Lately(10)
    kept.put("hot", 0)
    for number in range(1_000):
        kept.put(number, number)
        assert kept.get("hot") == 0
    held = [number for number in range(1_000) if kept.get(number) is not None]
    assert 4 <= len(held) <= 10
    assert held[-1] == 999
