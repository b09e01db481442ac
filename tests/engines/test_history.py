"""The embedded history and the fold: the port's suite, and what a crash may not spoil."""

import tempfile
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import crash
from kernel.calendar import Zone
from kernel.events import Refusal, pack, pack_refusal, unpack, unpack_any
from stores.contract.history import ANNA, BERT, MONDAY, PHONE, HistoryContract, event, label
from stores.contract.journal import told
from stores.history import Axis, Count, Fold
from stores.sqlite.history import SqliteHistory, labels, stripes
from stores.sqlite.journal import SqliteJournal
from stores.told import Told
from tests.dying import died


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
            names = dict(file.execute("select * from labels"))
        assert set(labels.bare(names).values()) == left
    history.put([event("later", rep="labelled")], upto=2)
    acts = history.acts(["viewed"], since=MONDAY.date(), until=MONDAY.date())
    assert acts.labels(acts.label.tolist()) == {acts.label[0]: "a label"}


def test_how_often_one_account_told_of_it_is_counted_in_columns(history):
    """Of acts from before columns knew accounts, their events are asked."""
    told = [event(f"{n}", (ANNA, BERT)[n % 3 == 0], account=f"acc_{n % 2}") for n in range(30)]
    history.put(told, upto=1)
    asked = {"account": "acc_1", "since": MONDAY.date()}

    def hers(**which):
        return {each.who: each.times for each in history.often("viewed", **asked, **which)}

    wanted = {str(ANNA): 10, str(BERT): 5}
    assert hers() == hers(handles=[ANNA, BERT]) == wanted
    with history._file.write() as file:
        kept = file.execute("select packed, seq from events").fetchall()
        file.execute("update events set packed = x''")  # nobody reads it
    assert hers() == hers(handles=[ANNA, BERT]) == wanted
    with history._file.write() as file:
        file.executemany("update events set packed = ? where seq = ?", kept)
        file.execute("update labels set name = '' where name like '%acc_1%'")
    assert hers() == hers(handles=[ANNA, BERT]) == wanted
    history.remake()
    with history._file.write() as file:
        file.execute("update events set packed = x''")
    assert hers() == hers(handles=[ANNA, BERT]) == wanted


def test_what_is_labelled_otherwise_one_day_counts_for_old_acts_once_remade(history, tmp_path):
    """Whatever was erased before stays nobody's, and the labels of before are kept no longer."""
    history.put([event(f"{n}", (ANNA, BERT)[n % 3 == 0]) for n in range(9_000)], upto=1)
    history.put([event("later")], upto=2)
    history.forget([BERT])
    other = SqliteHistory(
        tmp_path / "history.db", label=lambda said: f"by {said.account}", durability="process"
    )
    with closing(other):
        other.remake()
        acts = other.acts(["viewed"], since=MONDAY.date(), until=MONDAY.date())
        assert set(acts.labels(acts.label.tolist()).values()) == {"by acc_1"}
        assert len(acts.who) == 6_001
        with other._file.read() as file:
            assert file.execute("select count(*) from labels").fetchone() == (1,)
            assert file.execute("select sum(count) from uses").fetchone() == (6_001,)
        other.forget([ANNA])
        with other._file.read() as file:
            assert file.execute("select count(*) from labels").fetchone() == (0,)


_AXES = [(), (Axis.DAY,), (Axis.ACCOUNT, Axis.MATERIAL), tuple(Axis), (Axis.MATERIAL, Axis.DAY)]


@st.composite
def _lives(draw):
    """What happens to a history, act by act."""
    days = st.integers(-40, 0)
    acts = st.one_of(
        st.tuples(st.just("put"), st.lists(days, min_size=1, max_size=6)),
        st.tuples(st.sampled_from(["seal", "count", "forget", "remake", "drop"]), st.just([])),
    )
    return draw(st.lists(acts, min_size=1, max_size=9))


@settings(max_examples=20)
@given(_lives())
def test_days_that_are_counted_together_count_what_there_is(lives):
    """Whatever comes, late or not, is sealed, erased or remade; asked in any way."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteHistory(Path(folder) / "history.db", durability="process")) as history,
    ):
        for upto, (act, days) in enumerate([*lives, ("count", [])], 1):
            _lived(history, upto, act, days)
            kept = [each for _, each in history.after(0, 1_000)]
            for by in _AXES:
                for which in ({}, {"kind": "viewed"}, {"account": "acc_1"}, {"material": "m1"}):
                    for edges in ((None, None), (-20, -5), (-3, None), (None, -21)):
                        _same(history, kept, by, which, edges)
            assert list(history.flaws()) == []


def _lived(history, upto, act, days):
    monday = MONDAY.date()
    if act == "put":
        told = [
            event(
                f"{upto}-{n}", (ANNA, BERT)[n % 2], kind=("viewed", "shared")[day % 2],
                at=MONDAY + timedelta(days=day), account=f"acc_{n % 3}", received=MONDAY,
                material=("", "m1", "m0")[(n + day) % 3],
            )
            for n, day in enumerate(days)
        ]  # fmt: skip
        history.put(told, upto=upto)
    elif act in ("seal", "count"):
        history.seal(monday if act == "seal" else date(2000, 1, 1), 1_000)
    elif act == "forget":
        history.forget([ANNA])
    elif act == "remake":
        history.remake()
    else:
        history.drop_before(monday - timedelta(days=20))


def _same(history, kept, by, which, edges):
    since, until = (MONDAY.date() + timedelta(days=edge) if edge is not None else None
                    for edge in edges)  # fmt: skip
    wanted = Counter()
    for each in kept:
        day = history.zone.day(each.at)
        if (since or day) <= day <= (until or day) and all(
            getattr(each, axis) == word for axis, word in which.items()
        ):
            said = {"day": day.isoformat(), "material": each.material, "account": each.account,
                    "kind": each.kind}  # fmt: skip
            wanted[tuple(said[axis] for axis in by)] += 1
    asked = dict(which, since=since, until=until)
    assert history.counts(by, **asked) == [Count(*each) for each in sorted(wanted.items())]


def test_what_many_days_came_to_is_read_where_they_lie_together(history):
    told = [
        event(f"{n}", at=MONDAY - timedelta(days=n), received=MONDAY, material=f"m{n % 4}")
        for n in range(60)
    ]
    history.put(told, upto=1)
    before = history.counts([Axis.MATERIAL, Axis.DAY])
    history.seal(date(2000, 1, 1), 1)
    with history._file.write() as file:
        file.execute("update rollups set count = 7 where day < '2026-02-28'")  # nobody reads it
    assert history.counts([Axis.MATERIAL, Axis.DAY]) == before
    assert len(list(history.flaws())) == 57 * 2


_FOLDING = """
import sys
from pathlib import Path
import stores.history
from stores.history import Axis, Count, Fold
from stores.sqlite.history import SqliteHistory, labels, stripes
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
    for turn in (1, 2):
        told = {"JUZHEN_CRASH_AT": f"{point}@{turn}", "JUZHEN_CRASH_MARK": str(mark)}
        assert died(_FOLDING, str(tmp_path), **told) == -9
    assert mark.read_text().split() == [point, point]
    fold = Fold(journal, history)
    while fold.run():
        pass
    assert history.total([ANNA]) == 13
    assert history.refusals() == [(refused, 6)]
    assert list(history.flaws()) + list(fold.flaws()) == []
