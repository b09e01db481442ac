"""What the history promises of events that are written anew (改写契约)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from stores.contract.often import OftenContract
from stores.contract.telling import ANNA, BERT, MONDAY, event, ids
from stores.history import Axis, History


class AmendingContract(OftenContract):
    """Needs the fixture ``history``, empty, of a company in Asia/Shanghai, with this ``label``."""

    def test_what_an_event_tells_is_written_anew_and_nothing_else_of_it(
        self, history: History
    ) -> None:
        """Live or sealed, once or twice; what is gone meanwhile stays gone."""
        told = [
            event(
                f"e{n}",
                BERT if n == 3 else ANNA,
                material="mat_1",
                rep="labelled",
                at=MONDAY + timedelta(days=20 * n),
                detail={"page": n, "where": [n] * n},
                raw=b"r",
            )
            for n in range(5)
        ]
        history.put(told, upto=1)
        fresh = {
            seq: replace(each, detail={"page": 7}, raw=b"") for seq, each in history.after(0, 9)
        }
        other = {seq: replace(each, id="x", kind="other", at=MONDAY) for seq, each in fresh.items()}
        assert history.forget([BERT]) == 1
        before = _answers(history)
        assert history.amend({}) == 0
        for some in other, other, {2: fresh[2]}:
            assert history.amend(some) == len(some.keys() - {4})
        del fresh[4]
        assert dict(history.after(0, 9)) == fresh
        newest = [fresh[seq] for seq in (5, 3, 2, 1)]
        assert history.timeline([ANNA]).items == newest
        assert history.of_kinds(["viewed"], material="mat_1").items == newest
        assert _answers(history) == before
        history.emptied()
        history.remake()
        assert _answers(history) == before
        assert dict(history.after(0, 9)) == fresh
        assert list(history.flaws()) == []

    def test_many_are_written_anew(self, history: History) -> None:
        history.put([event(f"{n:04}", detail={"n": n}) for n in range(1_203)], upto=1)
        odd = {seq: each for seq, each in history.after(0, 2_000) if seq % 2}
        assert history.amend({seq: replace(each, detail={}) for seq, each in odd.items()}) == 602
        kept = dict(history.after(0, 2_000))
        assert {seq for seq, each in kept.items() if not each.detail} == odd.keys()
        assert len(kept) == 1_203


def _answers(history: History) -> Any:
    """Whatever is counted or looked for, but what events tell beside the act."""
    acts = history.acts(["viewed"], since=date(2026, 1, 1), until=date(2027, 1, 1))
    names, labels = acts.names(acts.who.tolist()), acts.labels(acts.label.tolist())
    return (
        ids(history.of([ANNA, BERT])), history.counts(list(Axis)), history.total([ANNA, BERT]),
        sorted(names.values()), sorted(labels.values()), sorted(acts.at.tolist()),
    )  # fmt: skip
