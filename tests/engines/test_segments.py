"""Segments and funnels over a history on servers are what they are over the embedded one."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from engines import clusters

from data_hub.invariants import membership_flaws
from data_hub.labels import label
from data_hub.measures.funnels import funnel
from data_hub.segments.records import Member
from kernel.calendar import Zone
from stores.changes import Changes
from stores.elastic.history import ElasticHistory
from stores.postgres.history import PostgresHistory
from stores.records import Folded, Record
from tests.blank import kept_at
from tests.data_hub.conftest import Hub
from tests.data_hub.telling import MONDAY, event, user

pytestmark = pytest.mark.timeout(600)
ACCOUNTS = ["acc_app", "acc_oa"]
KINDS = ["viewed_page", "read_material", "bought"]
RULES = [
    "did read_material >= 3 in 30d and did bought in 30d",
    "did viewed_page then read_material then bought within 100h",
    "did viewed_page = 2 in 20d and not did bought in 20d",
    "did viewed_page >= 3 in 200d",
    "did read_material on acc_oa >= 2 in 60d and not did bought > 3 in 150d",
]


@pytest.fixture(
    params=[
        pytest.param("elasticsearch_url", marks=pytest.mark.elastic),
        pytest.param("opensearch_url", marks=pytest.mark.elastic),
        pytest.param("postgres_url", marks=pytest.mark.postgres),
    ]
)
def there(request):
    """A history on a server."""
    url = request.getfixturevalue(request.param)
    if request.param == "postgres_url":
        kept = PostgresHistory(url, owner=lambda: "the tests", label=label)
        kept.prepare()
        yield kept
        kept.close()
        return
    with clusters.own(url) as cluster:
        kept = ElasticHistory(cluster, label=label)
        kept.prepare()
        yield kept


@pytest.fixture
def hubs(there, tmp_path, clock):
    """The same company with its history there, and here."""
    made, stores = [], []
    for name, history in (("there", there), ("here", None)):
        folder = tmp_path / name
        folder.mkdir()
        records = kept_at(f"sqlite:///{folder}/records.db", Record)
        people = kept_at(f"sqlite:///{folder}/people.db", Folded)
        hub = Hub(folder, records, people, Changes(records, clock), clock, history=history)
        stores += [records, people]
        made.append(hub)
    yield made
    made[1].history.close()
    for each in stores:
        each.close()


def test_a_segment_and_a_funnel_are_the_same_and_what_the_acts_say(hubs):
    dice = Random(7)
    told = [
        event(
            dice.choice(KINDS), user(f"u{dice.randrange(60)}"), account=dice.choice(ACCOUNTS),
            minutes=-dice.choice((dice.randrange(60_000), dice.randrange(300_000))),
        )
        for _ in range(600)
    ]  # fmt: skip
    joined = [event("identified", user(f"u{n}"), user(f"u{n + 1}")) for n in range(0, 20, 2)]
    answers = []
    for hub in hubs:
        hub.tell(*told[:300], *told[:9], *joined)
        made = [hub.segments.create(rule, rule=rule, by="li").id for rule in RULES]
        hub.settle()
        hub.tell(*told[300:])  # late, most of them
        members = [hub.members(key) for key in made]
        previews = [hub.previews.preview(rule).count for rule in RULES]
        assert previews == list(map(len, members))
        acts = acts_of(hub)
        assert members[0] == {
            her
            for her, hers in acts.items()
            if hers.count("read_material") >= 3 and "bought" in hers
        }
        assert members[3] == {her for her, times in often(hub, 200).items() if times >= 3}
        assert counted_otherwise(hub) == []
        with hub.people.write() as session:
            session.delete(session.get_one(Member, (made[3], min(members[3]))))
        assert len(counted_otherwise(hub)) == 1
        answers.append((members, came_along(hub)))
    assert answers[0] == answers[1]
    assert all(map(all, answers[0]))


def test_a_name_too_long_for_an_index_is_counted_again_as_it_is(hubs):
    for hub in hubs:
        hub.tell(*(event("viewed_page", user("w" * 240), minutes=-n) for n in range(3)))
        made = hub.segments.create(RULES[3], rule=RULES[3], by="li").id
        hub.settle()
        assert hub.members(made) == {hub.id_of(user("w" * 240))}
        assert counted_otherwise(hub) == []


def span():
    """Thirty days, Monday included."""
    return {"since": MONDAY.date() - timedelta(days=29), "until": MONDAY.date()}


def acts_of(hub):
    """What each customer did within them."""
    acts, told = hub.history.acts(KINDS, **span()), {}
    names = acts.names(acts.who.tolist())
    for who, kind in zip(acts.who.tolist(), acts.kind.tolist(), strict=True):
        told.setdefault(hub.id_of(names[who]), []).append(KINDS[kind])
    return told


def often(hub, days):
    """How often each customer viewed a page, of all: by one aggregation on a cluster."""
    told = Counter()
    for who, times, _ in hub.history.often(
        "viewed_page", since=MONDAY.date() - timedelta(days - 1)
    ):
        told[hub.id_of(who)] += times
    return told


def counted_otherwise(hub):
    return list(
        membership_flaws(
            hub.history, hub.people, hub.digest, hub.profiles, hub.segments, hub.clock(), Zone()
        )
    )


def came_along(hub):
    acts = hub.history.stretches(KINDS, **span())
    return [each.reached for each in funnel(acts, KINDS, timedelta(days=7), {})]
