"""Online and offline are one recommender: told the same, both score everything the same."""

import random
from datetime import timedelta

import numpy as np
import pytest

from data_hub.catalogue import kind_of
from matching.nightly import Night
from matching.offline import Offline
from matching.scoring import Weights
from matching.training import as_settings

HOUR = timedelta(hours=1)
KINDS = ("read_material", "liked_material", "opened_link", "disliked")
"""Of different weights, and one that is against a content."""
CONTENTS, READERS = 40, 14


@pytest.fixture
def told(company):
    """Contents that have stood for as long as each other, and people of two reps who read them by
    their reps' links; the last event of each is a week old. What happened stands in a log, too."""
    dice = random.Random(11)
    contents = [
        company.place(f"第{n}篇", *dice.sample("甲乙丙丁戊", dice.randrange(1, 4)))
        for n in range(CONTENTS)
    ]
    reps = [company.hire(code) for code in ("li", "wang")]
    users, happened = [], []
    for n in range(READERS):
        rep = reps[n % 2]
        handle = company.meet(f"139{n:08}", rep)
        users.append({"id": str(handle), "attrs": {"rep": rep.staff}, "handle": handle, "of": rep})
        for material in dice.choices(contents, k=n if n < 4 else dice.randrange(5, 45)):
            ago = HOUR * dice.uniform(200, 900)
            happened.append((ago, handle, material, dice.choices(KINDS, (6, 2, 3, 1))[0], rep))
    happened.sort(key=lambda each: -each[0])
    events = [
        company.event(kind, handle, material, ago=ago, rep=rep.staff)
        for ago, handle, material, kind, rep in happened
    ]
    company.tell(*events)
    log = [(str(each.handle), each.material, each.at, kind_of(each.kind).weight) for each in events]
    worn = company.materials.topics(contents)
    items = [{"id": each, "tags": list(worn[each])} for each in contents]
    return items, users, log


def asked(company, told, made):
    """(who, what each scores online, what offline) of everybody, over what she has not read."""
    items, users, log = told
    for user in users:
        history = [(item, at, weight) for who, item, at, weight in log if who == user["id"]]
        read = {item for item, _, weight in history if weight > 0}
        fresh = [each["id"] for each in items if each["id"] not in read]
        online = company.recommender.scored(company.id_of(user["handle"]), user["of"])
        scores = dict(zip(online.candidates.ids, online.total.tolist(), strict=True))
        listed = made.recommend(history, fresh, len(fresh), now=company.clock(), user=user["id"])
        assert sorted(listed) == sorted(fresh)
        yield user["id"], [scores[each] for each in listed]


def test_the_same_log_is_ranked_the_same_by_both_doors(company, told):
    items, users, log = told
    made = Offline(items, users, nightly=False, tune=False).fit(log)
    for who, online in asked(company, told, made):
        assert (np.diff(online) <= 1e-9).all(), who
        assert len({round(each, 9) for each in online}) > len(online) / 2, "they differ"


def ship(company, weights):
    """A night has found these to be better."""
    with company.people.write() as session:
        session.add(
            Night(
                number=1, at=company.clock(), seconds=1.0, contents=CONTENTS, people=READERS,
                judged=1, before=0.1, after=0.2, shipped=True, weights=weights,
            )
        )  # fmt: skip


def test_they_do_after_a_night_too_by_its_lists_and_its_weights(company, told):
    """What a night ships is what the offline door has learnt."""
    items, users, log = told
    loud = Weights(night=0.8, tags=0.7, popular=0.3, recency=0.9, night_recency=0.8)
    made = Offline(items, users, weights=loud, tune=False).fit(log)
    lists = made.nightly_lists()
    company.nightly._write(1, lists)
    ship(company, as_settings(loud))
    assert company.nightly.weights() == loud
    assert sum(bool(len(keys)) for keys, _ in lists.values()) > CONTENTS / 2
    for who, online in asked(company, told, made):
        assert (np.diff(online) <= 1e-9).all(), who


def test_a_newcomer_is_seen_through_her_reps_other_customers_by_both(company, told):
    """Whose customers read otherwise, lists otherwise; the book speaks loud enough to be seen."""
    items, users, log = told
    loud = {"book": 0.8, "book_shrink": 20}
    ship(company, loud)
    made = Offline(items, users, weights=Weights(**loud), nightly=False, tune=False).fit(log)
    lists = dict(asked(company, told, made))
    assert all((np.diff(online) <= 1e-9).all() for online in lists.values())
    fresh = [each["id"] for each in items]
    firsts = [
        made.recommend([], fresh, 10, now=company.clock(), user=each["id"]) for each in users[:2]
    ]
    assert firsts[0] != firsts[1]
