"""Refused events are kept with reason, count and a masked sample, and tried again once a rule is
mended; trying twice takes nothing twice."""

from itertools import count

import pytest

from data_hub.intake import Intake
from data_hub.refusals import Refusals, masked
from kernel.events import Refusal
from stores.history import Fold, Sort
from stores.journal import SharedCommit
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from tests.data_hub.telling import MONDAY, event, user


class House:
    """A door that takes numbers up to a limit, which is the rule that may be mended."""

    def __init__(self, folder, changes, clock):
        self.history = SqliteHistory(folder / "history.db", durability="process")
        self.journal = SqliteJournal(folder / "journal", durability="process")
        self.commit = SharedCommit(self.journal)
        self.intake = Intake(self.commit, clock)
        self.fold = Fold(self.journal, self.history)
        self.limit = 0
        self.refusals = Refusals(self.history, self.intake, changes, self.read)
        self._names = count()

    def read(self, refusal):
        number = int(refusal.again)
        return event("searched", user("u1"), id=f"n{number}") if number <= self.limit else None

    def refuse(self, *numbers, field="n"):
        self.intake.refuse([
            Refusal(at=MONDAY, door="door", reason="value_too_long", field=field, account="acc_1",
                    sample=f'{{"n": {n}, "name": "王小明"}}', again=str(n))
            for n in numbers
        ])  # fmt: skip
        self.fold.run()

    def taken(self):
        self.fold.run()
        return self.history.total([user("u1")])

    def close(self):
        self.commit.close()
        self.journal.close()
        self.history.close()


@pytest.fixture
def house(tmp_path, changes, clock):
    made = House(tmp_path, changes, clock)
    yield made
    made.close()


def test_a_sort_tells_reason_count_and_a_masked_sample(house):
    house.refuse(1, 2, 3)
    (told,) = house.refusals.sorts()
    assert told.sort == Sort("door", "value_too_long", "n")
    assert (told.count, told.waiting, told.at, told.account) == (3, 3, MONDAY, "acc_1")
    assert told.sample == '{"n": 3, "name": "王***"}'


def test_after_a_rule_is_mended_one_call_takes_what_passes_and_keeps_the_rest(house, changes):
    house.refuse(*range(1, 251))
    assert house.refusals.replay(by="li").refused == 250
    house.limit = 220
    assert house.refusals.replay(by="li", dry=True).accepted == 220
    assert house.taken() == 0

    done = house.refusals.replay(by="li")
    assert (done.accepted, done.refused) == (220, 30)
    assert house.taken() == 220
    again = house.refusals.replay(by="li")
    assert (again.accepted, again.refused) == (0, 30)
    assert house.taken() == 220
    (told,) = house.refusals.sorts()
    assert (told.count, told.waiting) == (250, 30)
    acts = [each for each in changes.after("").changes if each.act == "replayed"]
    assert [(each.by, each.detail) for each in acts] == [("li", {"n": 220})]


def test_dying_before_the_kept_ones_are_let_go_takes_nothing_twice(house):
    house.refuse(1, 2)
    house.limit = 2
    house.intake.take([house.read(told) for _, told in house.history.refused()])  # and it died
    assert house.refusals.replay(by="li").accepted == 2
    assert house.taken() == 2


def test_only_the_sorts_asked_for_are_tried(house):
    house.refuse(1, field="a")
    house.refuse(2, field="b")
    house.limit = 9
    assert house.refusals.replay(Sort(field="b"), by="li").accepted == 1
    assert [(each.sort.field, each.waiting) for each in house.refusals.sorts()] == [
        ("a", 1), ("b", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "shown"),
    [
        ('{"phone":"13800138000"}', '{"phone":"1***"}'),
        ('{"event":"called 13800138000"}', '{"event":"called 138***00"}'),
        ('{"note":"write to anna.li@example.cn"}', '{"note":"write to ***@example.cn"}'),
        ('{"distinct_id":"o-anna","type":"track"}', '{"distinct_id":"o***","type":"track"}'),
        ('{"userId":"u-\\"x\\"","n":1.5}', '{"userId":"u***","n":1.5}'),
        ('{"event_name":"Order Completed"}', '{"event_name":"Order Completed"}'),
        ("", ""),
    ],
)
def test_a_sample_shows_its_shape_and_nobody(sample, shown):
    assert masked(sample) == shown
