"""Months that are over, sealed: nothing is answered otherwise, in a sixth of the room."""

import random
import sqlite3
import uuid
import zlib
from array import array
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Zone
from kernel.crash import POINTS
from kernel.errors import Conflict
from kernel.events import Event, Handle, pack
from stores.contract.history import ANNA, BERT, MONDAY, PHONE, HistoryContract, event, label
from stores.history import Axis, Fold
from stores.sqlite import packing
from stores.sqlite.history import SqliteHistory, columns, sealing
from stores.sqlite.history.blocks import Opened, all_of, filled, lines_in, owners, squeezed
from stores.sqlite.journal import SqliteJournal
from stores.told import micros
from tests.dying import died

LATER = date(9999, 1, 1)
ALL = 1 << 40


class Sealing(SqliteHistory):
    """Seals whatever it is told at once."""

    def put(self, entries, *, upto):
        fresh = super().put(entries, upto=upto)
        self.seal(LATER, ALL)
        return fresh


@pytest.fixture
def history(tmp_path):
    kept = Sealing(tmp_path / "history.db", label=label, durability="process")
    yield kept
    kept.close()


class TestSealedHistory(HistoryContract):
    """Whatever is sealed answers like what is not."""


def tables(history, *names):
    with history._file.read() as file:
        return [sorted(file.execute(f"select * from {name}").fetchall()) for name in names]


def told(dice, n):
    handle = dice.choice([ANNA, BERT, Handle("user", "acc_app", f"u{dice.randrange(40)}"), None])
    return event(
        str(uuid.UUID(int=dice.getrandbits(128), version=4)) if n % 7 else f"own-{n}",
        handle, at=MONDAY + timedelta(seconds=dice.randrange(90 * 86_400)),
        kind=dice.choice(["viewed", "shared", "bought"]), material=dice.choice(["", "mat_1"]),
        links=(PHONE,) if n % 5 == 0 else (), detail={"properties": {"页": n}},
    )  # fmt: skip


@pytest.fixture
def both(tmp_path):
    """The same events twice, and again with everything before June sealed in one of the two."""
    dice = random.Random(3)
    events = [told(dice, n) for n in range(1_500)]
    kept = [SqliteHistory(tmp_path / name, label=label, durability="process") for name in "ab"]
    for history in kept:
        for begin in range(0, len(events), 300):
            history.put(events[begin : begin + 300], upto=begin + 1)
    kept[1].seal(date(2026, 7, 1), ALL)
    late = [told(dice, n) for n in range(300)]
    for history in kept:
        history.put(late, upto=10_000)
    yield kept
    for history in kept:
        history.close()


def answers(history):
    hers = (ANNA, PHONE)
    pages, cursor = [], None
    while True:
        page = history.timeline(hers, before=cursor, limit=17)
        pages += page.items
        if (cursor := page.next) is None:
            break
    acts = history.acts(["viewed", "bought"], since=MONDAY.date(), until=date(2026, 6, 30))
    names = acts.names(acts.who.tolist())
    return (
        pages, list(history.of(hers)), history.timeline([BERT], kinds=["bought"]).items,
        list(history.of(hers, until=MONDAY + timedelta(days=30))), history.total(hers),
        history.after(0, 5_000), history.after(700, 50),
        history.counts([Axis.DAY, Axis.KIND]), history.counts([]),
        history.counts([Axis.MATERIAL], kind="viewed", since=date(2026, 4, 1)),
        history.of_kinds(["bought", "shared"], material="mat_1", limit=40),
        sorted((names.get(who, ""), kind, at) for who, kind, at in zip(
            acts.who.tolist(), acts.kind.tolist(), acts.at.tolist(), strict=True)),
        *(sorted(history.often("viewed", **which)) for which in OFTEN),
        list(history.flaws()),
    )  # fmt: skip


OFTEN = (
    {}, {"handles": [ANNA, BERT]}, {"account": "acc_1", "material": "mat_1"},
    {"handles": [BERT], "since": date(2026, 4, 1), "until": date(2026, 5, 31)},
    {"since": date(2026, 3, 20), "until": date(2026, 4, 10)},
)  # fmt: skip


def sealed_events(history):
    with history._file.read() as file:
        return file.execute("select coalesce(sum(held), 0) from sealed").fetchone()[0]


def test_nothing_is_answered_otherwise(both):
    live, over = both
    assert sealed_events(over) == 1_500
    assert answers(live) == answers(over)
    page = [history.of_kinds(["viewed"], limit=50) for history in both]
    while page[0].next:
        assert page[0] == page[1]
        page = [h.of_kinds(["viewed"], limit=50, before=p.next)
                for h, p in zip(both, page, strict=True)]  # fmt: skip


def test_who_is_forgotten_leaves_sealed_months_too(both):
    for history in both:
        history.forget([ANNA])
    live, over = both
    assert answers(live) == answers(over)
    assert over.total([ANNA]) == 0
    with over._file.read() as file:
        lines = [line for (body,) in file.execute("select body from sealed").fetchall()
                 for line in all_of(file, body)]  # fmt: skip
    assert lines
    assert not any(b"o-anna" in line for line in lines)


def test_a_company_that_moves_to_another_zone_moves_no_day_that_was_counted(tmp_path):
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)  # the third in Shanghai
    for number, (zone, who) in enumerate([("Asia/Shanghai", ANNA), ("UTC", BERT)]):
        kept = SqliteHistory(tmp_path / "history.db", zone=Zone(zone), durability="process")
        kept.put([event(f"e{number}", who, at=evening)], upto=number + 1)
        kept.seal(LATER, ALL)
        if not number:
            kept.close()
    second, third = date(2026, 3, 2), date(2026, 3, 3)

    def counted():
        """How many by day, and what stands behind each day's count."""
        told = {day: count for (day,), count in kept.counts([Axis.DAY], since=second, until=third)}
        for day in (second, third):
            behind = kept.of_kinds(["viewed"], since=day, until=day).items
            assert len(behind) == told.get(day.isoformat(), 0)
        return told

    assert counted() == {"2026-03-02": 1, "2026-03-03": 1}
    before = tables(kept, "rollups", "past_rollups")
    kept.remake()
    kept.seal(LATER, ALL)
    assert tables(kept, "rollups", "past_rollups") == before
    kept.forget([ANNA])
    assert counted() == {"2026-03-02": 1}
    kept.forget([BERT])
    assert tables(kept, "rollups", "past_rollups", "events", "sealed") == [[], [], [], []]
    kept.close()


def test_what_is_over_leaves_sealed_months_too(both):
    for history in both:
        assert len(history.let_go("bought", date(2026, 4, 1), 50)) == 50
        while history.let_go("bought", date(2026, 4, 1), 200):
            pass
        assert history.drop_before(date(2026, 4, 1)) == ["2026.03"]
    live, over = both
    assert answers(live) == answers(over)


def test_whoever_remakes_the_history_gets_what_was_and_may_seal_again(both):
    live, over = both
    for history in both:
        history.remake()
    kept = ("events", "mentions", "rollups", "sealed", "past_acts", "past_mentions", "past_rollups")
    assert tables(live, *kept) == tables(over, *kept)
    assert over.seal(LATER, ALL) == over.newest()
    assert answers(live) == answers(over)


def test_a_month_is_sealed_once_it_is_over_and_a_limit_is_a_pause(both):
    live, _ = both
    assert live.seal(date(2026, 3, 31), ALL) == 0
    some = live.seal(LATER, 256)
    assert some == sealed_events(live)
    assert 256 <= some < 600
    assert answers(live) == answers(both[1])


def test_the_worker_seals_a_month_a_week_after_it_is_over(both, tmp_path):
    live, _ = both
    journal = SqliteJournal(tmp_path / "journal", durability="process")
    assert Fold(journal, live, lambda: datetime(2026, 4, 5, tzinfo=UTC)).seal() == 0
    assert Fold(journal, live, lambda: datetime(2026, 7, 8, tzinfo=UTC)).seal() == live.newest()
    journal.close()


def test_what_is_erased_between_reading_and_sealing_stays_erased(both):
    live, _ = both
    with live._file.read() as file:
        stretch = sealing.over(file, 1 << 62)
        made = sealing.draft(file, *stretch, live.zone)
    live.forget([ANNA])
    with live._file.write() as file:
        sealing.seal(file, made)
    assert (sealed_events(live), live.total([ANNA])) == (0, 0)
    assert list(live.flaws()) == []


_SEALING = """
import sys
from datetime import date
from pathlib import Path
from stores.sqlite.history import SqliteHistory
SqliteHistory(Path(sys.argv[1])).seal(date(9999, 1, 1), 1 << 40)
"""


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith("sealing.")])
def test_whoever_dies_while_sealing_changes_no_answer(both, point, tmp_path):
    live, _ = both
    before, mark = answers(live), tmp_path / "mark"
    for turn in (1, 2):
        told = {"JUZHEN_CRASH_AT": f"{point}@{turn}", "JUZHEN_CRASH_MARK": str(mark)}
        assert died(_SEALING, str(tmp_path / "a"), **told) == -9
        assert answers(live) == before
    assert mark.read_text().split() == [point, point]
    live.seal(LATER, ALL)
    assert sealed_events(live) == live.newest()
    assert answers(live) == before


def test_what_is_written_anew_while_a_block_is_worked_out_is_not_sealed_as_it_was(both):
    live, _ = both
    with live._file.read() as file:
        stretch = sealing.over(file, micros(live.zone.at(LATER)))
        made = sealing.draft(file, *stretch, live.zone)
    seq, told_ = live.after(0, 1)[0]
    fresh = replace(told_, detail={"page": "written anew"})
    assert live.amend({seq: fresh}) == 1
    with live._file.write() as file:
        sealing.seal(file, made)
    assert live.after(0, 1) == [(seq, fresh)]
    live.seal(LATER, ALL)
    assert live.after(0, 1) == [(seq, fresh)]
    assert sealed_events(live) == live.newest()
    assert list(live.flaws()) == []


def test_packing_gives_the_room_back_and_changes_no_answer(both, tmp_path):
    _, over = both
    before = answers(over)
    over.close()  # what is in the log goes into the file
    size = (tmp_path / "b").stat().st_size
    heard = []
    gained = over.pack(lambda done, of: heard.append(done <= of))
    assert answers(over) == before
    assert (tmp_path / "b").stat().st_size == size - gained < size
    assert all(heard)
    assert over.pack() == 0


def test_a_disk_without_room_is_named_before_anything_is_packed(tmp_path):
    with pytest.raises(Conflict) as refused:
        packing._look_for_room(tmp_path / "b", 1 << 60)
    assert refused.value.reason == "no_room_to_pack"
    assert f"{1 << 40} MiB" in refused.value.message("en")


@given(
    st.lists(
        st.one_of(
            st.just(b""), st.uuids().map(lambda id_: b'{"id":"%s","at":1}' % str(id_).encode()),
            st.text("01-{}ab").map(lambda text: b'{"id":"%s"}' % text.encode()),
        )
    )
)  # fmt: skip
def test_lines_come_back_as_they_were(lines):
    assert lines_in(squeezed(lines)) == (lines or [b""])
    assert lines_in(_squeezed_before(lines)) == (lines or [b""])


def _squeezed_before(lines):
    """As blocks were before whose act it is stood apart."""
    ids, rest = b"", []
    for line in lines:
        told = line[7:43].decode()
        whole = len(told) == 36 and told.count("-") == 4
        ids += uuid.UUID(told).bytes if whole else b""
        rest.append(line[43:] if whole else line)
    return len(ids).to_bytes(4, "big") + ids + zlib.compress(b"\n".join(rest), 9)


WHO = st.builds(Handle, st.just("user"), st.sampled_from(["", "acc"]), st.text(min_size=1))


@given(
    st.lists(
        st.builds(
            event, st.one_of(st.uuids().map(str), st.text(min_size=1)), st.none() | WHO,
            detail=st.sampled_from([{}, {"handle": "user:acc:u1", "n": 1}, {"t": ',"handle":,'}]),
            material=st.sampled_from(["", "m1"]), links=st.sampled_from([(), (ANNA,)]),
        )
    ),
    st.sampled_from([1, 300, 70_000, 1 << 31]), st.sets(st.integers(0, 40)), st.integers(0, 9),
)  # fmt: skip
def test_events_come_back_as_they_were_one_or_all(events, first, blank, unknown):
    lines = [pack(each) for each in events]
    lines = [b"" if place in blank else line for place, line in enumerate(lines)]
    names = sorted(owners(lines))
    numbers = {name: first + n for n, name in enumerate(names) if n != unknown}
    block = squeezed(lines, numbers)
    known = {number: name for name, number in numbers.items()}

    def named(asked):
        return {number: known[number] for number in asked}

    assert lines_in(block, named) == (lines or [b""])
    for place, line in enumerate(lines):
        assert Opened.of(block).whole([place], named) == {place: line}


def test_whose_act_it_is_stands_apart_and_a_block_leaves_no_page_half_empty(tmp_path):
    dice = random.Random(5)
    who = [Handle("openid", "acc_oa", f"o{dice.getrandbits(160):040x}") for _ in range(900)]
    lines = [
        pack(event(str(uuid.UUID(int=dice.getrandbits(128), version=4)), her,
                   material=f"m{dice.randrange(900)}"))
        for her in who[:256]
    ]  # fmt: skip
    numbers = {str(her): n for n, her in enumerate(who, 100_000)}
    assert len(squeezed(lines, numbers)) < 0.75 * len(squeezed(lines))
    count, block = filled(lines, numbers)
    assert 120 <= count < 256
    with closing(sqlite3.connect(tmp_path / "rows.db")) as file:
        file.execute("create table sealed (first integer primary key, last, held, body)")
        rows = [(n, n, n, block) for n in range(1, 200)]
        file.executemany("insert into sealed values (?, ?, ?, ?)", rows)
        file.commit()
        pages = file.execute("pragma page_count").fetchone()[0]
    assert pages * 4_096 < 1.05 * len(rows) * len(block)


_SECOND = st.integers(0, 400).map(lambda n: n * 1_000_000)
_LARGE = st.integers(0, (1 << 32) - 1)
ACTS = st.lists(
    st.tuples(
        st.one_of(_SECOND, st.integers(-(1 << 63), (1 << 63) - 1)),
        st.one_of(st.integers(0, 300), _LARGE), st.integers(0, 70_000), st.integers(0, 3),
    ),
    min_size=1,
)  # fmt: skip


@given(ACTS)
def test_columns_come_back_as_they_were(acts):
    count, told = len(acts), columns.laid(columns.wide(acts))
    assert columns.wide_is(len(told), count)
    narrow = columns.narrow(told, count)
    assert not columns.wide_is(len(narrow), count)
    for body in (told, narrow, columns.narrow(narrow, count), _sealed_before(told)):
        views = columns.views(body, count)
        assert [*zip(*(view.tolist() for view in views.all()), strict=True)] == acts
        some = views.only(np.arange(count - 1, -1, -2)).all()
        assert [*zip(*(view.tolist() for view in some), strict=True)] == acts[::-2]
    assert columns.narrow(_sealed_before(told), count) == narrow


def _sealed_before(body):
    """As stripes were sealed before there were narrow ones."""
    count, begin, told = len(body) // 20, 0, bytearray()
    for wide in (8, 4, 4, 4):
        column = body[begin : begin + wide * count]
        told += b"".join(column[place::wide] for place in range(wide))
        begin += wide * count
    return zlib.compress(bytes(told), 9)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("many", [3, 700])
def test_what_is_erased_is_nobodys_act_however_it_lies(tmp_path, sealed, many):
    with closing(SqliteHistory(tmp_path / "h.db", durability="process", label=label)) as history:
        told = [event(f"{n}", (ANNA, BERT)[n % 3 == 0], rep="labelled") for n in range(many)]
        history.put(told, upto=1)
        if sealed:
            history.seal((MONDAY + timedelta(days=60)).date(), 10_000)
            with history._file.write() as file:  # as it lay in the days of before
                last, body = file.execute("select last, body from past_acts").fetchone()
                views = zip("qIII", columns.views(body, last).all(), strict=True)
                lain = columns.laid([array(code, view.tolist()) for code, view in views])
                file.execute("update past_acts set body = ?", (_sealed_before(lain),))
        history.forget([BERT])
        acts = history.acts(["viewed"], since=MONDAY.date(), until=MONDAY.date())
        hers = history.often("viewed", until=MONDAY.date())
        anna = sum(each.handle == ANNA for each in told)
        assert 0 not in acts.label
        assert len(acts.who) == anna
        assert [(each.who, each.times) for each in hers] == [(str(ANNA), anna)]
        assert [*history.flaws()] == []


def test_a_sealed_event_takes_a_sixth_of_the_room(tmp_path):
    history, dice = SqliteHistory(tmp_path / "h.db", durability="process"), random.Random(1)
    begin, count = datetime(2026, 1, 1, tzinfo=UTC), 4_000
    for first in range(0, count, 2_000):
        history.put(
            [
                Event(
                    id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
                    kind=dice.choice(["viewed_page", "read_material", "bought"]),
                    at=begin + timedelta(seconds=7 * n), account=f"acc_{dice.randrange(8)}",
                    handle=Handle("user", "acc_app", f"u{dice.randrange(400)}"),
                    material=f"mat_{dice.randrange(30)}", ecosystem="own_app",
                    received=begin + timedelta(seconds=7 * n + 1),
                    detail={"properties": {"page": "/home", "seconds": dice.randrange(90)}},
                )
                for n in range(first, first + 2_000)
            ],
            upto=first + 1,
        )  # fmt: skip

    def room():
        history.close()
        with closing(sqlite3.connect(tmp_path / "h.db")) as file:
            file.execute("delete from heard")  # three days of ids, however much there is
            file.commit()
            file.execute("vacuum")
            return file.execute("pragma page_count").fetchone()[0] * 4096 / count

    before = room()
    assert history.seal(LATER, ALL) == count
    assert room() < before / 4
    history.close()
