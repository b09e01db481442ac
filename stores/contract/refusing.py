"""What the history promises of what was refused and waits to be tried again (待重放契约)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.events import Handle, Refusal
from stores.contract.telling import ANNA, MONDAY
from stores.history import KEPT, History, Sort


class RefusingContract:
    """Needs the fixture ``history``, empty."""

    def test_what_may_be_tried_again_waits_by_number_until_it_is_settled(
        self, history: History
    ) -> None:
        history.put([_refused(n, "type") for n in range(3)], upto=1)
        history.put([_refused(3, "id"), replace(_refused(4, "id"), again="")], upto=2)
        assert history.waiting() == {_TYPE: 3, _TYPE._replace(field="id"): 1}
        ones = history.refused(only=_TYPE, limit=2)
        assert [told.again for _, told in ones] == ['{"n":0}', '{"n":1}']
        last = history.refused(only=Sort(reason="unknown"), after=ones[-1][0])
        assert [told.again for _, told in last] == ['{"n":2}', '{"n":3}']
        assert last[0][1].at == _refused(2, "type").at
        history.settle([number for number, _ in ones])
        history.settle([number for number, _ in ones])
        assert history.waiting() == {_TYPE: 1, _TYPE._replace(field="id"): 1}
        assert [count for _, count in history.refusals()] == [2, 3]

    def test_a_repeated_put_keeps_nothing_twice_to_be_tried_again(self, history: History) -> None:
        history.put([_refused(0, "type")], upto=1)
        history.put([_refused(0, "type")], upto=1)
        assert history.waiting() == {_TYPE: 1}

    def test_only_the_newest_of_a_sort_are_kept_to_be_tried_again(self, history: History) -> None:
        for turn in range(2):
            stretch = [_refused(n, "type") for n in range(turn * KEPT, turn * KEPT + KEPT)]
            history.put([*stretch, _refused(0, "id")], upto=turn + 1)
        assert history.waiting() == {_TYPE: KEPT, _TYPE._replace(field="id"): 2}
        assert history.refused(only=_TYPE, limit=1)[0][1].again == f'{{"n":{KEPT}}}'

    @pytest.mark.parametrize(
        ("told", "handle"),
        [
            ('{"userId":"o-anna"}', ANNA),
            ('{"phone":"+86 138-0013.8000"}', Handle("phone", "", "13800138000")),
            ('{"phone":"(0049) 151·2345 678"}', Handle("phone", "", "+491512345678")),
            ('{"email":"Anna@Example.COM"}', Handle("email", "", "anna@example.com")),
        ],
    )
    def test_what_names_who_is_forgotten_however_typed_is_shown_and_tried_no_more(
        self, history: History, told: str, handle: Handle
    ) -> None:
        hers = replace(_refused(0, "type"), again=told)
        history.put([_refused(1, "type"), replace(hers, sample=told)], upto=1)
        history.forget([handle])
        assert [told.again for _, told in history.refused()] == ['{"n":1}']
        assert history.refusals()[0][0].sample == ""

    def test_a_sort_may_lose_its_sample_and_is_counted_on(self, history: History) -> None:
        hers = [replace(_refused(n, field), sample="x") for n, field in enumerate(("a", "b"))]
        history.put(hers, upto=1)
        history.unsample([Sort("segment", "unknown", "a"), Sort("none", "of", "these")])
        shown = {told.field: (told.sample, count) for told, count in history.refusals()}
        assert shown == {"a": ("", 1), "b": ("x", 1)}
        history.put([hers[0]], upto=2)
        shown = {told.field: (told.sample, count) for told, count in history.refusals()}
        assert shown == {"a": ("x", 2), "b": ("x", 1)}

    def test_of_who_has_a_short_id_only_what_names_her_is_forgotten(self, history: History) -> None:
        hers = '{"userId":"7","n":1}', '{"item":{"distinct_id":7}}', '{"phone":"+86 138-0000 0000"}'
        others = '{"userId":"17","n":7}', '{"page":"v7.1","rank":"7"}', '{"id":"x","to":"7 days"}'
        told = [replace(_refused(n, "type"), again=each) for n, each in enumerate(hers + others)]
        samples = [replace(_refused(9, name), sample=each, again="")
                   for name, each in (("a", hers[0]), ("b", others[0]))]  # fmt: skip
        history.put([*told, *samples], upto=1)
        history.forget([Handle("user", "acc_1", "7"), Handle("phone", "", "13800000000")])
        assert [each.again for _, each in history.refused()] == list(others)
        shown = {each.field: each.sample for each, _ in history.refusals()}
        assert (shown["a"], shown["b"]) == ("", others[0])


_TYPE = Sort("segment", "unknown", "type")


def _refused(n: int, field: str) -> Refusal:
    at = MONDAY + timedelta(minutes=n)
    return Refusal(at=at, door="segment", reason="unknown", field=field, again=f'{{"n":{n}}}')
