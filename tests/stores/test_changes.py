"""Own acts: written with the act, followed without a gap, sealed into a chain."""

import random
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, select, update

from stores.changes import Audit, Change, Changes, Seal
from stores.records import Record, Records
from tests.blank import kept_at
from tests.sizes import sized


def note(changes, subject, **more):
    return changes.note("placed", "placement", subject, by="stf_1", **more)


def subjects(stretch):
    return [change.subject for change in stretch.changes]


def test_changes_are_followed_in_order_from_a_mark(any_changes):
    for number in range(5):
        note(any_changes, f"plc_{number}")
    first = any_changes.after("", limit=2)
    second = any_changes.after(first.mark, limit=2)
    rest = any_changes.after(second.mark)
    told = [*subjects(first), *subjects(second), *subjects(rest)]
    assert told == [f"plc_{number}" for number in range(5)]


def test_where_nothing_is_new_the_mark_stays(any_changes):
    assert any_changes.after("").mark == ""
    note(any_changes, "plc_1")
    mark = any_changes.after("").mark
    assert any_changes.after(mark).changes == []
    assert any_changes.after(mark).mark == mark


def test_the_end_is_where_who_followed_everything_stands(any_changes):
    assert any_changes.end() == ""
    for number in range(3):
        note(any_changes, f"plc_{number}")
    assert any_changes.end() == any_changes.after("").mark
    assert any_changes.after(any_changes.end()).changes == []


def test_what_came_after_a_mark_is_found_without_a_walk_through_what_came_before(tmp_path, clock):
    """However many changes there are: followers ask every few seconds. The end is the first entry
    of the index, read backwards."""
    records = kept_at(f"sqlite:///{tmp_path}/records.db", Record)
    changes, heard = Changes(records, clock), []
    records.looks.heard = heard.append
    changes.after("0:5", 10)
    changes.end()
    records.looks.heard = None
    after, end = (
        [told for *_, told in records.rows(f"EXPLAIN QUERY PLAN {asked}", values)]
        for asked, values in zip(heard, ([0, 5, 10, 0, 10, 10], []), strict=True)
    )
    assert [step for step in after if "changes" in step] == [
        "SEARCH changes USING INDEX ix_changes_turn (turn=? AND rowid>?)",
        "SEARCH changes USING INDEX ix_changes_turn (turn>?)",
    ]
    assert end == ["SCAN changes USING COVERING INDEX ix_changes_turn"]
    records.close()


def test_an_act_that_fails_leaves_no_change(any_records, any_changes, break_off):
    break_off(any_records, lambda: note(any_changes, "plc_1", content=True))
    assert any_changes.after("").changes == []
    assert any_changes.version() == 0


def test_the_content_version_moves_with_content_only(any_changes):
    note(any_changes, "plc_1")
    assert any_changes.version() == 0
    note(any_changes, "plc_1", content=True)
    note(any_changes, "plc_1", content=True)
    assert any_changes.version() == 2
    assert any_changes.version("something else") == 0


def test_within_one_snapshot_a_version_does_not_move(any_records, any_changes):
    """And it is asked for once there; a write of one's own is seen at once."""
    with any_records.read():
        before = any_changes.version()
        other = Thread(target=lambda: note(any_changes, "plc_1", content=True))
        other.start()
        other.join()
        assert (before, any_changes.version(), any_changes.version("access")) == (0, 0, 0)
    assert any_changes.version() == 1
    with any_records.write():
        assert any_changes.version() == 1
        note(any_changes, "plc_2", content=True)
        assert any_changes.version() == 2


def test_what_was_done_to_one_thing_is_told_newest_first(any_changes, clock):
    for subject in ("plc_1", "plc_2", "plc_1"):
        note(any_changes, subject, why=subject)
    told = any_changes.latest("placement", "plc_1")
    assert [change.subject for change in told] == ["plc_1", "plc_1"]
    assert told[0].seq > told[1].seq
    assert (told[0].at, told[0].act, told[0].detail) == (clock(), "placed", {"why": "plc_1"})


@pytest.mark.postgres
def test_a_commit_that_overtakes_an_older_one_is_not_followed_before_it(postgres_house, clock):
    slow, quick = Records(postgres_house), Records(postgres_house)
    following = Changes(quick, clock)
    with slow.write():
        note(Changes(slow, clock), "older")
        note(following, "newer")  # committed at once, with a higher number
        early, end = following.after(""), following.end()
    late = following.after(early.mark)
    assert subjects(early) == []
    assert end == ""
    assert subjects(late) == ["older", "newer"]
    slow.close()
    quick.close()


def test_a_follower_misses_nothing_while_many_write(any_records, any_changes):
    def write(name):
        for number in range(25):
            with any_records.write():
                note(any_changes, f"{name}{number}")
                note(any_changes, f"{name}{number}'")

    writers = [Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    seen, mark, last_round = [], "", False
    while not last_round:
        last_round = not any(writer.is_alive() for writer in writers)
        while (stretch := any_changes.after(mark, limit=7)).changes:
            seen += subjects(stretch)
            mark = stretch.mark
    for writer in writers:
        writer.join()
    assert len(seen) == len(set(seen)) == 200


@pytest.fixture
def audit(any_records, any_changes):
    """Eight changes, sealed in two goes."""
    kept = Audit(any_records, any_changes)
    for number in range(8):
        note(any_changes, f"plc_{number}", price=number / 10)
    assert (kept.seal(limit=5), kept.seal(), kept.seal()) == (5, 3, 0)
    assert list(kept.flaws()) == []
    return kept


def tamper(records, *statements):
    with records.write() as session:
        for statement in statements:
            session.execute(statement)


def third(records):
    with records.read() as session:
        return session.scalar(select(Change).order_by(Change.seq).offset(2))


@pytest.mark.parametrize(
    "values", [{"by": "stf_2"}, {"subject": "plc_9"}, {"act": "retired"}, {"detail": {"price": 9}}]
)
def test_s33_a_changed_row_breaks_the_chain(any_records, audit, values):
    row = third(any_records)
    tamper(any_records, update(Change).where(Change.id == row.id).values(values))
    assert [row.id in flaw for flaw in audit.flaws()] == [True]


def test_s33_a_removed_row_breaks_the_chain(any_records, audit):
    row = third(any_records)
    tamper(any_records, delete(Change).where(Change.id == row.id))
    assert [row.id in flaw for flaw in audit.flaws()] == [True]


def test_s33_removing_the_newest_row_breaks_the_chain_and_does_not_stop_the_sealer(
    any_records, any_changes, audit
):
    row = any_changes.latest("placement", "plc_7")[0]
    tamper(any_records, delete(Change).where(Change.id == row.id))
    note(any_changes, "plc_8")
    assert audit.seal() == 1
    assert [row.id in flaw for flaw in audit.flaws()] == [True]


def test_s33_rows_in_another_order_break_the_chain(any_records, audit):
    one, other = third(any_records).id, "chg_swap"
    with any_records.read() as session:
        last = session.scalar(select(Change).order_by(Change.seq.desc())).id
    swaps = [(one, other), (last, one), (other, last)]
    tamper(any_records, *(update(Change).where(Change.id == a).values(id=b) for a, b in swaps))
    assert len(list(audit.flaws())) == 1


def test_s33_a_link_taken_out_with_its_row_is_missed(any_records, audit):
    row = third(any_records)
    tamper(any_records, delete(Seal).where(Seal.change == row.id))
    tamper(any_records, delete(Change).where(Change.id == row.id))
    assert len(list(audit.flaws())) == 1


def test_taking_a_customers_handle_out_breaks_nothing(any_records, any_changes, audit):
    note(any_changes, "dlv_1", handle="phone::1")
    audit.seal()
    tamper(any_records, update(Change).where(Change.handle.is_not(None)).values(handle=None))
    assert list(audit.flaws()) == []


@pytest.mark.parametrize("harm", ["changed", "removed", "moved"])
def test_s33_among_many_rows_the_first_that_was_touched_is_named(records, changes, harm):
    many = sized(600, 10_000)
    with records.write():
        for number in range(many):
            note(changes, f"plc_{number}")
    audit = Audit(records, changes)
    while audit.seal(limit=many):
        pass
    rows = changes.after("", limit=many).changes
    first, second = sorted(random.Random(harm).sample(range(many), 2))
    for row in (rows[first], rows[second]):
        here = Change.id == row.id
        done = {
            "changed": update(Change).where(here).values(at=row.at + timedelta(seconds=1)),
            "removed": delete(Change).where(here),
            "moved": update(Change).where(here).values(subject=rows[first - 1].subject + "'"),
        }[harm]
        tamper(records, done)
    (flaw,) = audit.flaws()
    assert rows[first].id in flaw
