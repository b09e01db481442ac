"""The suite of how often somebody did something (计次契约): a part of the history's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kernel.events import Handle
from stores.acts import Wanted
from stores.contract.telling import ANNA, BERT, MONDAY, PHONE, event
from stores.history import History
from stores.told import micros


class OftenContract:
    """Needs what `stores.contract.history.HistoryContract` needs."""

    def test_how_often_each_did_it_is_counted_where_the_events_lie(self, history: History) -> None:
        """Out of order, over months and late; what others did, or nobody, is nobody's."""
        days = (0, -1, -40, -40, -100)
        told = [event(f"a{n}", at=MONDAY + timedelta(days=d)) for n, d in enumerate(days)]
        told += [
            event("b0", BERT, links=(ANNA,)), event("b1", BERT, kind="shared"), event("n", None),
            event("p", PHONE, account="acc_2", material="m1"),
            event("q", PHONE, account="acc_2", at=MONDAY - timedelta(days=40)),
        ]  # fmt: skip
        history.put(told[5:], upto=1)
        history.put([*told[:5], told[6], told[0]], upto=2)  # two of them once more
        day = MONDAY.date()
        everybody = {ANNA: 5, BERT: 1, PHONE: 2}
        assert _often(history) == everybody
        assert _often(history, handles=[ANNA, PHONE]) == {ANNA: 5, PHONE: 2}
        assert _often(history, handles=[]) == {}
        assert _often(history, since=day) == {ANNA: 1, BERT: 1, PHONE: 1}
        edge = day - timedelta(days=40)
        assert _often(history, since=edge, until=edge) == {ANNA: 2, PHONE: 1}
        assert _often(history, since=edge, handles=[ANNA]) == {ANNA: 4}
        assert _often(history, account="acc_2") == {PHONE: 2}
        assert _often(history, account="acc_2", since=day, handles=[ANNA, PHONE]) == {PHONE: 1}
        assert _often(history, material="m1") == {PHONE: 1}
        [told_of] = history.often("viewed", handles=[ANNA], since=edge)
        assert told_of.oldest == micros(MONDAY - timedelta(days=40))
        assert list(history.often("never")) == []
        history.put([event("late", BERT, at=MONDAY - timedelta(days=90))], upto=3)
        history.seal(MONDAY.date(), 100)
        assert _often(history) == everybody | {BERT: 2}
        for which in ({"material": ""}, {"handles": list(everybody)}):
            assert _often(history, account="acc_1", **which) == {ANNA: 5, BERT: 2}
        history.remake()
        assert _often(history) == everybody | {BERT: 2}
        history.forget([ANNA])  # whoever is mentioned goes with it
        assert _often(history) == {BERT: 1, PHONE: 2}
        history.drop_before(day)
        assert _often(history) == {PHONE: 1}

    def test_several_counts_of_the_same_people_are_those_of_each(self, history: History) -> None:
        """One kind in two windows, another, one account, one material: live, half sealed, all."""
        whom, accounts, materials = (ANNA, BERT, PHONE, None), ("acc_1", "acc_2"), ("", "m1")
        told = [
            event(
                f"e{n}", whom[n % 4], kind=("viewed", "shared", "bought")[n % 3],
                at=MONDAY - timedelta(days=n % 120), account=accounts[n % 2],
                material=materials[n % 5 == 0], links=(BERT,) if n % 7 == 0 else (),
            )
            for n in range(360)
        ]  # fmt: skip
        history.put(told, upto=1)
        day, handles = MONDAY.date(), [ANNA, BERT]
        wanted = [
            Wanted("viewed"), Wanted("bought", since=day - timedelta(days=30)),
            Wanted("viewed", since=day - timedelta(days=50), until=day - timedelta(days=2)),
            Wanted("viewed", "acc_2"), Wanted("never"), Wanted("shared", material="m1"),
            Wanted("bought", "acc_1", "m1", since=day - timedelta(days=100)),
        ]  # fmt: skip

        def each() -> list[Counter[str]]:
            found: list[Counter[str]] = [Counter() for _ in wanted]
            for place, (who, times, _) in history.often_each(wanted, handles):
                found[place][who] += times
            return found

        plain = [
            Counter(
                str(one.handle) for one in told
                if one.handle in handles and one.kind == asked.kind
                and asked.account in (None, one.account)
                and asked.material in (None, one.material)
                and (asked.since or date.min) <= history.zone.day(one.at)
                and history.zone.day(one.at) <= (asked.until or date.max)
            )
            for asked in wanted
        ]  # fmt: skip
        assert each() == plain
        assert sum(map(bool, plain)) == len(wanted) - 1
        for before in (day - timedelta(days=40), day + timedelta(days=60)):
            history.seal(before, 10_000)
            assert each() == plain
        assert list(history.often_each(wanted, [])) == list(history.often_each([], handles)) == []

    def test_a_day_of_a_count_is_the_companys(self, history: History) -> None:
        evening = datetime(2026, 2, 28, 15, 59, tzinfo=UTC)
        late = (event("1", at=evening), event("2", at=evening + timedelta(minutes=1)))
        history.put(late, upto=1)
        for handles in (None, [ANNA]):
            assert _often(history, until=date(2026, 2, 28), handles=handles) == {ANNA: 1}
            assert _often(history, since=date(2026, 3, 1), handles=handles) == {ANNA: 1}


def _often(history: History, **which: Any) -> dict[Handle, int]:
    told: Counter[Handle] = Counter()
    for who, times, _ in history.often("viewed", **which):
        told[Handle.parse(who)] += times
    return dict(told)
