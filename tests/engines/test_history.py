"""The embedded history and the fold: the port's suite, and what a crash may not spoil."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import crash
from kernel.calendar import Zone
from kernel.events import Refusal, pack, pack_refusal, unpack, unpack_any
from stores.contract.history import ANNA, BERT, MONDAY, PHONE, HistoryContract, event, label
from stores.contract.journal import told
from stores.history import Fold
from stores.sqlite.history import SqliteHistory, stripes
from stores.sqlite.journal import SqliteJournal
from stores.told import Told


@pytest.fixture
def history(tmp_path):
    kept = SqliteHistory(tmp_path / "history.db", label=label, durability="process")
    yield kept
    kept.close()


def ids(events):
    return [each.id for each in events]


@pytest.fixture
def journal(tmp_path, clock):
    kept = SqliteJournal(tmp_path / "journal", durability="process", clock=clock)
    yield kept
    kept.close()


class TestSqliteHistory(HistoryContract):
    pass


def test_a_timeline_is_read_from_the_index(history):
    history.put([event("1")], upto=1)
    with history._file.read() as file:
        plan = file.execute(
            "explain query plan select at, id, seq from mentions where handle = 1"
            " and (at, id, seq) < (5, '', 0) order by at desc, id desc, seq desc limit 20"
        ).fetchall()
    assert "USING PRIMARY KEY" in plan[0][3]
    assert len(plan) == 1  # nothing is sorted


def test_a_wrong_count_is_found(history):
    history.put([event("1", material="mat_1")], upto=1)
    with history._file.write() as file:
        file.execute("update rollups set count = 3")
    assert list(history.flaws()) == [
        "history: the count of (mat_1, 2026-03-02, acc_1, viewed) differs from its events by 2"
    ]


def test_erased_events_leave_no_bytes_behind(history, tmp_path):
    history.put([event("1", detail={"note": "a-very-private-word"})], upto=1)
    history.forget([ANNA])
    history.close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("history.db*"))
    assert b"a-very-private-word" not in left
    assert b"o-anna" not in left


def test_many_events_are_erased_in_slices(history):
    history.put([event(f"{number}") for number in range(1_234)], upto=1)
    assert history.forget([ANNA]) == 1_234
    assert list(history.flaws()) == []


def test_the_fold_moves_everything_once(journal, history):
    fold = Fold(journal, history)
    refused = Refusal(at=MONDAY, door="segment", reason="unknown", field="type")
    journal.append([pack(event("1")), pack_refusal(refused), pack(event("1"))])
    journal.append([pack(event("2"))])
    assert fold.behind() == 4
    assert fold.run() == 4
    assert fold.run() == 0
    assert fold.behind() == 0
    assert history.total([ANNA]) == 2
    assert history.refusals() == [(refused, 1)]
    assert list(fold.flaws()) == []


def test_the_fold_drops_finished_files_even_if_nothing_new_came(journal, history, clock, tmp_path):
    journal.append([told(1)])
    clock.move(timedelta(hours=1))
    journal.append([told(2)])
    entries = journal.read(0)
    history.put([], upto=entries[-1].position)  # as if it had died before it could drop
    assert Fold(journal, history).run() == 0
    assert len(list((tmp_path / "journal").glob("*.db"))) == 1


@pytest.mark.parametrize(
    "packed",
    [
        b"{torn", b"[]", b"7", b'{"id":"1"}', b'{"id":"1","kind":"k","at":"soon","account":"a"}',
        pack(event("1")).replace(b'"openid:', b'"'), pack(event("1"))[:-1] + b',"odd":1}',
        pack(event("1", links=(PHONE,))).replace(b"phone:", b"phone"),
        pack(event("1")).replace(b'"received":"2026', b'"received":"20x6'),
    ],
)  # fmt: skip
def test_what_cannot_be_unpacked_is_refused_by_the_fold(packed, journal, history, clock):
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack_any(packed)
    journal.append([packed])
    assert Fold(journal, history, clock).run() == 1
    assert [told.reason for told, _ in history.refusals()] == ["unreadable_in_journal"]


@given(
    st.builds(
        event, st.text(min_size=1), st.sampled_from([ANNA, BERT, None]),
        links=st.lists(st.sampled_from([ANNA, PHONE])).map(tuple), material=st.text(max_size=3),
        kind=st.text(min_size=1, max_size=9),
        at=st.datetimes(timezones=st.timezones()).filter(lambda at: 1 < at.year < 9999),
        received=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        detail=st.dictionaries(st.text(), st.text()), raw=st.binary(max_size=4),
    )
)  # fmt: skip
def test_what_is_folded_is_the_same_read_or_unpacked(told):
    packed = pack(told)
    read, other = Told.read(packed, Zone()), Told.of(unpack(packed), Zone())
    assert unpack(read.packed) == unpack(other.packed)  # a zero may be spelled in two ways
    assert read == other._replace(packed=packed)


def test_an_unreadable_line_stops_nobody(journal, history, clock):
    before_time = event("0", at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    journal.append([b"{torn", pack(before_time), pack(event("1"))])
    assert Fold(journal, history, clock).run() == 3
    assert history.total([ANNA]) == 1
    ((refused, count),) = history.refusals()
    assert (refused.door, refused.reason, count) == ("journal", "unreadable_in_journal", 2)


def test_a_history_ahead_of_its_journal_is_a_flaw(journal, history):
    journal.append([told(1)])
    history.put([], upto=journal.tip() + 1)
    assert [*Fold(journal, history).flaws()] != []


def test_events_from_before_stripes_were_kept_count_and_get_theirs_when_remade(history):
    history.put([event(f"{n}", (ANNA, None)[n % 2]) for n in range(1_200)], upto=1)
    history.forget([BERT])
    with history._file.write() as file:
        file.execute("delete from acts")
    history.put([event("later")], upto=2)
    monday = MONDAY.date()
    for _ in range(2):
        acts = history.acts(["viewed"], since=monday, until=monday)
        assert len(acts.who) == 1_201
        assert set(acts.who.tolist()) == {0, *acts.numbers([str(ANNA)]).values()}
        hers = history.often("viewed", handles=[ANNA, BERT], since=monday)
        assert [(each.who, each.times) for each in hers] == [(str(ANNA), 601)]
        history.remake()
    with history._file.read() as file:
        spans = file.execute("select first, last from acts order by first").fetchall()
    assert (spans[0][0], spans[-1][1]) == (1, 1_201)
    assert all(one[1] + 1 == other[0] for one, other in pairwise(spans))


@pytest.mark.parametrize(
    "arrivals", [[1] * 1_100, [2_000] * 6, [300, 700] * 12, [9_000, 5, 4_500, 40]]
)
def test_stripes_that_grow_no_more_are_laid_together(history, arrivals):
    """However arrivals come: every act stands once, and only the last ones still lie wide."""
    told = 0
    for upto, count in enumerate(arrivals, 1):
        some = [event(f"{told + n}", (ANNA, BERT)[(told + n) % 2]) for n in range(count)]
        history.put(some, upto=upto)
        told += count
    with history._file.read() as file:
        lengths = "select first, last, length(body) from acts order by first"
        rows = file.execute(lengths).fetchall()
    assert (rows[0][0], rows[-1][1]) == (1, told)
    assert all(one[1] + 1 == other[0] for one, other in pairwise(rows))
    held = {first: last - first + 1 for first, last, _ in rows}
    wide = sum(held[first] for first, _, length in rows if length == 20 * held[first])
    assert wide < stripes.LARGE + 2 * max(arrivals)
    assert max(held.values()) <= stripes.LARGE + 2 * max(arrivals)
    acts = history.acts(["viewed"], since=MONDAY.date(), until=MONDAY.date())
    numbers = acts.numbers([str(ANNA), str(BERT)])
    for who, first in ((ANNA, 0), (BERT, 1)):
        assert (acts.who == numbers[str(who)]).sum() == len(range(first, told, 2))
    assert [*history.flaws()] == []


def test_a_kind_that_somebody_busy_never_did_is_not_looked_for_among_all_her_events(history):
    """Her mentions say the kinds, once the file does."""
    history.put([event(f"{n}") for n in range(50)] + [event("b", kind="bought")], upto=1)
    with history._file.write() as file:
        file.execute("update events set kind = 'bought' where id = '7'")  # nobody reads it
    assert ids(history.timeline([ANNA], kinds=["bought"]).items) == ["b"]
    assert ids(history.of([ANNA], kinds=["bought", "never"])) == ["b"]
    assert history.timeline([ANNA], kinds=["never"]).items == []


def test_a_file_of_before_mentions_said_kinds_answers_and_learns_them(history, tmp_path):
    told = [event(f"{n}", kind=("viewed", "bought")[n % 5 == 0]) for n in range(20)]
    history.put(told, upto=1)
    with history._file.write() as file:
        file.execute("alter table mentions drop column kind")
    history.close()
    hers = [f"{n}" for n in (15, 10, 5, 0)]
    assert sorted(ids(history.timeline([ANNA], kinds=["bought"]).items)) == sorted(hers)
    history.put([event("new", kind="bought"), event("other")], upto=2)
    for _ in range(2):
        assert set(ids(history.timeline([ANNA], kinds=["bought"]).items)) == {"new", *hers}
        [counted] = history.often("bought", handles=[ANNA])
        assert counted.times == 5
        history.remake()
    with history._file.read() as file:
        assert file.execute("select 1 from mentions where kind is null").fetchone() is None
    assert list(history.flaws()) == []


def test_many_acts_of_some_are_counted_as_few_are(history):
    """Each mentions both of those asked for, and is one act."""
    told = [event(f"{n}", links=(BERT,)) for n in range(150)]
    history.put([*told, event("b", BERT), event("p", PHONE)], upto=1)
    for asked in ([ANNA, BERT], [ANNA, BERT, PHONE]):
        counted = {each.who: each.times for each in history.often("viewed", handles=asked)}
        assert counted == {str(who): {ANNA: 150}.get(who, 1) for who in asked}


def test_a_label_leaves_with_the_last_act_that_had_it(history):
    told = [event(f"{n}", (ANNA, BERT)[n % 2], rep="labelled") for n in range(4)]
    history.put(told, upto=1)
    for gone, left in ((ANNA, {"a label"}), (BERT, set())):
        history.forget([gone])
        with history._file.read() as file:
            assert {name for (name,) in file.execute("select name from labels")} == left
    history.put([event("later", rep="labelled")], upto=2)
    acts = history.acts(["viewed"], since=MONDAY.date(), until=MONDAY.date())
    assert acts.labels(acts.label.tolist()) == {acts.label[0]: "a label"}


_FOLDING = """
import sys
from pathlib import Path
import stores.history
from stores.history import Fold
from stores.sqlite.history import SqliteHistory, stripes
from stores.sqlite.journal import SqliteJournal
home = Path(sys.argv[1])
fold = Fold(SqliteJournal(home / "journal"), SqliteHistory(home / "history.db"))
stores.history._SLICE = 2
while fold.run(limit=5):
    pass
"""


@pytest.mark.parametrize("point", [name for name in crash.POINTS if name.startswith("fold.")])
def test_a_fold_killed_anywhere_loses_nothing_and_doubles_nothing(
    point, journal, history, clock, tmp_path
):
    refused = Refusal(at=MONDAY, door="segment", reason="unknown")
    for number in range(6):
        some = [pack(event(f"{number}{letter}")) for letter in "ab"]
        journal.append([*some, pack(event("same")), pack_refusal(refused)])
        clock.move(timedelta(minutes=40))
    mark = tmp_path / "mark"
    root = Path(__file__).parents[2]
    for turn in (1, 2):
        died = subprocess.run(
            [sys.executable, "-c", _FOLDING, str(tmp_path)],
            env=os.environ
            | {"PYTHONPATH": str(root), "JUZHEN_CRASH_AT": f"{point}@{turn}"}
            | {"JUZHEN_CRASH_MARK": str(mark)},
            check=False,
        )
        assert died.returncode == -9
    assert mark.read_text().split() == [point, point]
    fold = Fold(journal, history)
    while fold.run():
        pass
    assert history.total([ANNA]) == 13
    assert history.refusals() == [(refused, 6)]
    assert list(history.flaws()) + list(fold.flaws()) == []
