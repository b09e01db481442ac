"""The suite of the history's port (历史契约). Subclass it; give it the fixture ``history``."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.errors import Invalid
from kernel.events import Refusal
from stores.contract.amending import AmendingContract
from stores.contract.refusing import RefusingContract
from stores.contract.telling import ANNA, BERT, MONDAY, PHONE, event, ids, label
from stores.history import Axis, History
from stores.told import micros

__all__ = ["ANNA", "BERT", "MONDAY", "PHONE", "HistoryContract", "event", "ids", "label"]
_ALL = (Axis.MATERIAL, Axis.DAY, Axis.ACCOUNT, Axis.KIND)


class HistoryContract(AmendingContract, RefusingContract):
    """Needs the fixture ``history``, empty, of a company in Asia/Shanghai, with this ``label``."""

    def test_takes_an_event_once_however_often_it_is_heard(self, history: History) -> None:
        assert history.put([event("1"), event("1"), event("2")], upto=1) == 2
        assert history.put([event("2"), event("1"), event("3")], upto=2) == 1
        assert history.put([event("1", account="acc_2")], upto=3) == 1
        assert history.total([ANNA]) == 4
        assert list(history.flaws()) == []

    def test_keeps_everything_about_an_event(self, history: History) -> None:
        told = event(
            "1", links=(PHONE,), ecosystem="wechat", material="mat_1", rep="stf_1",
            detail={"properties": {"页": 3}}, raw=b"\x00\xff",
        )  # fmt: skip
        history.put([told], upto=1)
        assert history.timeline([PHONE]).items == [told]
        assert history.after(0, 10) == [(1, told)]

    def test_knows_a_repeat_for_three_arrival_days(self, history: History) -> None:
        history.put([event("1")], upto=1)
        for days in (1, 2, 3):
            later = MONDAY + timedelta(days=days)
            assert history.put([event("1", received=later)], upto=1 + days) == 0
        for days in (7, 8, 9, 10):
            history.put([event(f"+{days}", received=MONDAY + timedelta(days=days))], upto=10 + days)
        assert history.put([event("1", received=MONDAY + timedelta(days=10))], upto=30) == 1

    def test_a_repeat_over_midnight_is_known(self, history: History) -> None:
        late = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
        history.put([event("1", received=late)], upto=1)
        assert history.put([event("1", received=late + timedelta(seconds=2))], upto=2) == 0

    def test_the_watermark_moves_with_the_entries_and_never_back(self, history: History) -> None:
        assert history.watermark() == 0
        history.put([event("1")], upto=7)
        assert history.watermark() == 7
        history.put([event("1")], upto=3)
        assert history.watermark() == 7

    def test_a_timeline_is_newest_first_and_breaks_ties_by_id(self, history: History) -> None:
        later = MONDAY + timedelta(seconds=1)
        history.put([event("b"), event("c", at=later), event("a"), event("d")], upto=1)
        assert ids(history.timeline([ANNA]).items) == ["c", "d", "b", "a"]
        assert ids(history.of([ANNA])) == ["a", "b", "d", "c"]

    def test_an_event_with_several_handles_shows_once(self, history: History) -> None:
        history.put([event("1", links=(PHONE,)), event("2", BERT), event("3", PHONE)], upto=1)
        assert ids(history.timeline([ANNA, PHONE]).items) == ["3", "1"]
        assert ids(history.of([ANNA, PHONE])) == ["1", "3"]
        assert history.total([ANNA, PHONE]) == 2
        assert history.total([ANNA, PHONE, BERT]) == 3

    def test_pages_neither_repeat_nor_skip_while_events_come(self, history: History) -> None:
        some = random.Random(7)  # noqa: S311  # not a secret
        at = [MONDAY + timedelta(minutes=some.randrange(40)) for _ in range(120)]
        history.put([event(f"e{n:03}", at=moment) for n, moment in enumerate(at)], upto=1)
        found: list[str] = []
        page = history.timeline([ANNA, PHONE], limit=7)
        while True:
            found += ids(page.items)
            if page.next is None:
                break
            late = event(f"new{len(found)}", PHONE, at=MONDAY + timedelta(hours=2))
            history.put([late], upto=1 + len(found))
            page = history.timeline([ANNA, PHONE], before=page.next, limit=7)
        wanted = sorted(((moment, f"e{n:03}") for n, moment in enumerate(at)), reverse=True)
        assert found == [name for _, name in wanted]

    def test_exactly_a_full_page_is_the_last(self, history: History) -> None:
        history.put([event(f"{number}") for number in range(5)], upto=1)
        assert history.timeline([ANNA], limit=5).next is None
        assert history.timeline([ANNA], limit=4).next is not None

    def test_a_cursor_of_somebody_else_is_refused(self, history: History) -> None:
        with pytest.raises(Invalid) as refused:
            history.timeline([ANNA], before="WyJ4Il0")
        assert refused.value.field == "before"

    def test_a_timeline_of_some_kinds(self, history: History) -> None:
        history.put([event("1"), event("2", kind="shared"), event("3", kind="bought")], upto=1)
        assert ids(history.timeline([ANNA], kinds=["shared", "bought"]).items) == ["3", "2"]
        assert ids(history.timeline([ANNA], kinds=[]).items) == []

    def test_nobody_has_no_history(self, history: History) -> None:
        history.put([event("1")], upto=1)
        assert history.timeline([]).items == []
        assert list(history.of([])) == []
        assert history.total([PHONE]) == 0

    def test_the_past_ends_before_the_moment_asked_for(self, history: History) -> None:
        history.put([event("1"), event("2", at=MONDAY + timedelta(seconds=1))], upto=1)
        assert ids(history.of([ANNA], until=MONDAY + timedelta(seconds=1))) == ["1"]

    def test_the_past_of_some_kinds_since_a_moment(self, history: History) -> None:
        told = [
            event(f"{n:04}", at=MONDAY + timedelta(seconds=n), kind=("read", "bought")[n % 10 == 0])
            for n in range(1_200)
        ]
        history.put(told, upto=1)
        some = ids(history.of([ANNA], since=MONDAY + timedelta(seconds=20), kinds=["bought"]))
        assert some == [f"{n:04}" for n in range(20, 1_200, 10)]
        assert (
            len(ids(history.of([ANNA], since=MONDAY + timedelta(seconds=1), kinds=["read"])))
            == 1_080
        )
        assert ids(history.of([ANNA], kinds=[])) == []

    def test_a_long_past_is_whole(self, history: History) -> None:
        told = [event(f"{n:05}", at=MONDAY + timedelta(seconds=n // 3)) for n in range(2_500)]
        history.put(told[::2], upto=1)
        history.put(told[1::2], upto=2)
        assert ids(history.of([ANNA, BERT])) == [f"{n:05}" for n in range(2_500)]

    def test_an_event_without_a_handle_is_counted_and_followed(self, history: History) -> None:
        history.put([event("1", None, material="mat_1")], upto=1)
        assert [count for _, count in history.counts([Axis.MATERIAL])] == [1]
        assert ids(told for _, told in history.after(0, 5)) == ["1"]

    def test_followers_read_in_the_order_of_arrival(self, history: History) -> None:
        history.put([event("late", at=MONDAY + timedelta(days=1)), event("early")], upto=1)
        history.put([event("third")], upto=2)
        assert history.newest() == history.after(0, 10)[-1][0]
        first = history.after(0, 2)
        assert ids(told for _, told in first) == ["late", "early"]
        assert ids(told for _, told in history.after(first[-1][0], 2)) == ["third"]

    def test_a_late_event_counts_on_the_day_it_happened(self, history: History) -> None:
        lately = event("1", at=MONDAY - timedelta(days=6), material="mat_1")
        history.put([lately], upto=1)
        assert history.counts([Axis.DAY], material="mat_1") == [(("2026-02-24",), 1)]

    def test_a_day_is_the_companys_day(self, history: History) -> None:
        before = datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
        history.put([event("1", at=before), event("2", at=before + timedelta(seconds=1))], upto=1)
        assert history.counts([Axis.DAY]) == [(("2026-03-01",), 1), (("2026-03-02",), 1)]
        first = date(2026, 3, 1)
        assert history.counts([], since=first, until=first) == [((), 1)]

    def test_counts_equal_a_recount(self, history: History) -> None:
        some = random.Random(3)  # noqa: S311 - not a secret
        told = [
            event(
                f"e{some.randrange(150)}", account=f"acc_{some.randrange(2)}",
                kind=some.choice(["viewed", "shared"]), material=some.choice(["", "mat_1"]),
            )
            for _ in range(300)
        ]  # fmt: skip
        for upto, start in enumerate(range(0, 300, 60), 1):
            history.put(told[start : start + 60], upto=upto)
        kept = [each for _, each in history.after(0, 1_000)]
        assert sum(count for _, count in history.counts(_ALL)) == len(kept)
        for (material, kind), count in history.counts([Axis.MATERIAL, Axis.KIND], account="acc_1"):
            same = [e for e in kept if (e.material, e.kind, e.account) == (material, kind, "acc_1")]
            assert len(same) == count
        assert list(history.flaws()) == []

    def test_forgets_without_a_trace(self, history: History) -> None:
        told = [event(f"{number}", links=(PHONE,)) for number in range(3)]
        history.put([*told, event("b", BERT), event("both", BERT, links=(PHONE,))], upto=1)
        assert history.forget([ANNA, PHONE]) == 4
        assert ids(told for _, told in history.after(0, 10)) == ["b"]
        assert history.total([ANNA, PHONE]) == 0
        assert ids(history.timeline([BERT]).items) == ["b"]
        assert history.counts([]) == [((), 1)]
        assert list(history.flaws()) == []
        assert history.forget([ANNA]) == 0

    def test_who_was_forgotten_does_not_come_back_by_a_repeat(self, history: History) -> None:
        history.put([event("1")], upto=1)
        history.forget([ANNA])
        assert history.put([event("1")], upto=2) == 0

    def test_refusals_are_grouped_newest_first(self, history: History) -> None:
        def refused(minute: int, field: str, sample: str = "") -> Refusal:
            at = MONDAY + timedelta(minutes=minute)
            return Refusal(at=at, door="segment", reason="unknown", field=field, sample=sample)

        history.put([refused(0, "type", "a"), refused(2, "type", "b"), refused(1, "id")], upto=1)
        shown = history.refusals()
        assert [(told.field, told.sample, count) for told, count in shown] == [
            ("type", "b", 2),
            ("id", "", 1),
        ]
        assert shown[0][0].at == MONDAY + timedelta(minutes=2)
        assert len(history.refusals(limit=1)) == 1

    def test_a_repeated_put_counts_no_refusal_twice(self, history: History) -> None:
        told = Refusal(at=MONDAY, door="segment", reason="unknown", sample="o-anna")
        history.put([told, event("1")], upto=1)
        history.put([told, event("1")], upto=1)
        assert [count for _, count in history.refusals()] == [1]

    def test_a_sample_that_names_who_is_forgotten_is_blanked(self, history: History) -> None:
        sample = '{"userId": "o-anna"}'
        told = Refusal(at=MONDAY, door="segment", reason="unknown", sample=sample)
        history.put([told], upto=1)
        history.forget([ANNA])
        assert history.refusals()[0][0].sample == ""

    def test_the_events_behind_a_count_are_paged_newest_day_first(self, history: History) -> None:
        days = [0, 2, 1, 2, 0]
        told = [
            event(f"e{n}", at=MONDAY + timedelta(days=day), material=f"m{n % 2}")
            for n, day in enumerate(days)
        ]
        other = event("x", kind="shared", account="acc_2", at=MONDAY + timedelta(days=1))
        history.put([*told, other], upto=1)
        first = history.of_kinds({"viewed", "shared"}, limit=4)
        assert ids(first.items)[:2] == ["e3", "e1"]
        rest = history.of_kinds({"viewed", "shared"}, limit=4, before=first.next)
        assert ids([*first.items, *rest.items]) == ["e3", "e1", "x", "e2", "e4", "e0"]
        assert rest.next is None
        day = MONDAY.date() + timedelta(days=1)
        assert ids(history.of_kinds(["viewed"], since=day, until=day).items) == ["e2"]
        assert ids(history.of_kinds(["viewed", "shared"], account="acc_2").items) == ["x"]
        assert ids(history.of_kinds(["viewed"], material="m1").items) == ["e3", "e1"]
        assert history.of_kinds([]).items == []

    def test_who_did_what_when_lies_in_columns(self, history: History) -> None:
        minute = timedelta(minutes=1)
        told = [
            event("1", links=(PHONE,)),
            event("2", BERT, kind="shared", rep="labelled", at=MONDAY + minute),
            event("3", None), event("4", kind="bought"), event("5", at=MONDAY - timedelta(days=1)),
        ]  # fmt: skip
        history.put(told[:2], upto=1)
        history.put(told[2:], upto=2)
        kept = [("", "viewed", 0, ""), (str(ANNA), "viewed", 0, "")]
        hers = (str(BERT), "shared", 60_000_000, "a label")
        assert _acts(history) == [*kept, hers]
        assert _in_parts(history) == [(who, at) for who, _, at, _ in _acts(history)]
        history.forget([BERT])
        assert _acts(history) == kept
        history.remake()
        assert _acts(history) == kept
        assert len(history.acts([], since=MONDAY.date(), until=MONDAY.date()).who) == 0

    def test_a_kind_is_let_go_of_once_its_day_is_over(self, history: History) -> None:
        told = [event(f"e{n}", at=MONDAY + timedelta(days=n), handle=BERT) for n in range(4)]
        history.put([*told, event("x", kind="shared")], upto=1)
        before = MONDAY.date() + timedelta(days=2)
        assert history.let_go("viewed", before, 1) == [BERT]
        assert history.let_go("viewed", before, 9) == [BERT]
        assert history.let_go("viewed", before, 9) == []
        assert ids(history.timeline([ANNA, BERT]).items) == ["e3", "e2", "x"]
        assert sorted(history.counts([Axis.KIND])) == [(("shared",), 1), (("viewed",), 2)]
        assert list(history.flaws()) == []

    def test_what_is_taken_back_is_as_if_it_had_never_come_and_may_come_again(
        self, history: History
    ) -> None:
        told = [event(f"e{n}", BERT if n % 2 else ANNA, at=MONDAY + timedelta(days=20 * n))
                for n in range(4)]  # fmt: skip
        history.put(told, upto=1)
        kept = dict(history.after(0, 9))
        doomed = {seq: each for seq, each in kept.items() if each.id in ("e0", "e1")}
        assert history.take_back(doomed) == 2
        assert history.take_back(doomed) == 0
        assert [each.id for _, each in history.after(0, 9)] == ["e2", "e3"]
        assert ids(history.timeline([ANNA, BERT]).items) == ["e3", "e2"]
        assert history.counts([Axis.KIND]) == [(("viewed",), 2)]
        history.put([event("other"), *told], upto=2)
        assert ids(history.of([ANNA])) == ["e0", "other", "e2"]
        assert ids(history.of([BERT])) == ["e1", "e3"]
        history.put(told, upto=3)
        assert history.total([ANNA, BERT]) == 5
        assert history.take_back({}) == 0
        assert list(history.flaws()) == []

    def test_months_that_are_over_are_dropped_whole(self, history: History) -> None:
        told = [event(f"{n}", at=MONDAY - timedelta(days=28 * n)) for n in range(4)]
        history.put(told, upto=1)
        assert history.drop_before(date(2026, 2, 28)) == ["2025.12", "2026.01"]
        assert history.drop_before(date(2026, 2, 1)) == []
        assert ids(history.of([ANNA])) == ["1", "0"]
        assert history.total([ANNA]) == sum(each.count for each in history.counts([])) == 2
        assert history.put([event("late", at=told[3].at)], upto=2) == 1
        assert history.counts([Axis.DAY])[0] == (("2025-12-08",), 1)
        assert history.newest() == 5
        assert history.drop_before(date(2026, 2, 1)) == ["2025.12"]
        assert list(history.flaws()) == []

    def test_a_month_ends_with_the_companys_last_day(self, history: History) -> None:
        """The hours in which one month has begun here and not yet in UTC are the new month's."""
        first = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight in Shanghai
        history.put([event("1", at=first), event("0", at=first - timedelta(seconds=1))], upto=1)
        assert history.drop_before(date(2026, 3, 1)) == ["2026.02"]
        assert ids(history.of([ANNA])) == ["1"]
        assert history.counts([Axis.DAY]) == [(("2026-03-01",), 1)]
        assert list(history.flaws()) == []

    def test_remaking_changes_nothing_that_is_right(self, history: History) -> None:
        told = [event(f"e{n}", handle=(ANNA, BERT)[n % 2], links=(PHONE,)) for n in range(9)]
        history.put(told, upto=1)
        before = history.counts(_ALL), ids(history.timeline([PHONE]).items)
        assert history.remake() == 9
        assert (history.counts(_ALL), ids(history.timeline([PHONE]).items)) == before
        assert list(history.flaws()) == []


def _in_parts(history: History) -> list[tuple[str, int]]:
    """The same out of stretches: who and when."""
    kinds, monday = ("viewed", "never", "shared"), MONDAY.date()
    told = []
    for acts in history.stretches(kinds, since=monday, until=monday):
        names = {0: "", **acts.names(acts.who.tolist())}
        told += [
            (names[who], at - micros(MONDAY))
            for who, at in zip(acts.who.tolist(), acts.at.tolist(), strict=True)
        ]
    return sorted(told)


def _acts(history: History) -> list[tuple[str, str, int, str]]:
    """Who viewed or shared anything on that Monday, how long after its first moment; labels."""
    kinds, monday = ("viewed", "never", "shared"), MONDAY.date()
    acts = history.acts(kinds, since=monday, until=monday)
    names = {0: "", **acts.names(acts.who.tolist())}
    assert all(names[number] == name for name, number in acts.numbers(list(names.values())).items())
    labels = {0: "", **acts.labels(acts.label.tolist())}
    rows = zip(*(each.tolist() for each in (acts.who, acts.kind, acts.at, acts.label)), strict=True)
    return sorted(
        (names[who], kinds[kind], at - micros(MONDAY), labels[said]) for who, kind, at, said in rows
    )
