"""A follower's mark moves with its fold, or not at all."""

from stores.changes import Version
from stores.records import Folded, Record
from stores.watermarks import Watermarks


def test_a_follower_that_never_began_has_the_empty_mark(any_records, any_people):
    assert Watermarks(any_records, Record).of("search") == ""
    assert Watermarks(any_people, Folded).of("digest") == ""


def test_each_follower_has_its_own_mark_on_each_side(any_records, any_people):
    decided, folded = Watermarks(any_records, Record), Watermarks(any_people, Folded)
    decided.move("a", "1:1")
    decided.move("b", "1:2")
    folded.move("a", "7")
    decided.move("a", "1:3")
    assert (decided.of("a"), decided.of("b"), folded.of("a")) == ("1:3", "1:2", "7")


def test_a_fold_that_fails_leaves_the_mark_where_it_was(any_records, break_off):
    marks = Watermarks(any_records, Record)
    marks.move("search", "1")

    def fold():
        with any_records.write() as session:
            session.add(Version(name="folded", number=2))
            marks.move("search", "2")

    break_off(any_records, fold)
    assert marks.of("search") == "1"
    with any_records.read() as session:
        assert session.get(Version, "folded") is None
