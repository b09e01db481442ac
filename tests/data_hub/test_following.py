"""A follower reads each finding once, and of two who read the same the slower one moves nothing."""

import pytest

from data_hub import findings
from data_hub.findings import Findings
from data_hub.following import Following
from tests.data_hub.telling import event, user


@pytest.fixture
def found(any_people):
    kept = Findings(any_people)
    kept.keep([findings.of_event(event("bought", user(f"u{n}")), "c") for n in range(5)])
    return kept


def handles(stretch):
    return [each.handle.rpartition(":")[2] for each in stretch.found]


def test_each_is_read_once_and_by_every_follower(found, any_records):
    one, other = (Following(any_records, found, name) for name in ("one", "other"))
    read = []
    while one.each(2, lambda each: read.append(each.handle)):
        pass
    assert [each[-2:] for each in read] == ["u0", "u1", "u2", "u3", "u4"]
    assert (one.behind(), other.behind()) == (False, True)
    assert handles(other.stretch(3)) == ["u0", "u1", "u2"]


def test_the_mark_never_goes_back(found, any_records):
    slow, quick = (Following(any_records, found, "same") for _ in range(2))
    late = slow.stretch(2)
    quick.each(4, lambda _: None)
    with any_records.write("same"):
        assert not slow.move(late)
    slow.acted(late)
    assert handles(slow.stretch(9)) == ["u4"]


def test_who_fails_among_the_acts_acts_again(found, any_records):
    following = Following(any_records, found, "same")
    with pytest.raises(ZeroDivisionError):
        following.each(5, lambda each: 1 / (not each.handle.endswith("u3")))
    assert len(following.stretch(9).found) == 5
