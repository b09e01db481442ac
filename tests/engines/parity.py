"""Histories of two engines that were told the same must answer the same (一致)."""

from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from random import Random

from data_hub.measures.funnels import funnel
from kernel.events import Handle
from stores.contract.history import MONDAY, event, ids
from stores.history import Axis
from stores.sqlite.history import SqliteHistory
from tests.sizes import sized

KINDS = ["viewed", "shared", "bought"]
AXES = list(Axis)


def answers_are_the_same(history, folder):
    """3,000 events (1 million in a soak), told twice in part, late and out of order."""
    size = sized(3_000, 1_000_000)
    with closing(SqliteHistory(folder / "history.db", durability="process")) as embedded:
        people = [Handle("openid", "acc_1", f"o{n}") for n in range(200)]
        told = list(_told(size, people, Random(5)))
        for upto, begin in enumerate(range(0, size, 2_000), 1):
            batch = told[begin : begin + 2_000]
            assert embedded.put(batch, upto=upto) == history.put(batch, upto=upto)
        _counted(history, embedded)
        _by_person(history, embedded, people)
        assert _deeds(history) == _deeds(embedded) != []
        assert _came_along(history) == _came_along(embedded)
        _how_often(history, embedded, people)
        followed = [[told for _, told in kept.after(0, 100)] for kept in (history, embedded)]
        assert followed[0] == followed[1]
        assert history.forget(people[:3]) == embedded.forget(people[:3])
        assert history.counts(AXES) == embedded.counts(AXES)
        assert list(history.flaws()) == []


def _told(size, people, some):
    for n in range(size):
        yield event(
            f"e{some.randrange(size)}", some.choice([*people, None]), kind=some.choice(KINDS),
            at=MONDAY - timedelta(minutes=some.randrange(120_000)), account=f"acc_{n % 3}",
            links=(some.choice(people),) if n % 7 == 0 else (), material=f"mat_{n % 11}",
        )  # fmt: skip


def _counted(history, embedded):
    for by in ([], AXES[:1], AXES[1:3], AXES):
        assert history.counts(by) == embedded.counts(by)
    days = {"since": date(2026, 1, 5), "until": date(2026, 2, 3)}
    by, asked = [Axis.DAY, Axis.KIND], {"material": "mat_3", **days}
    assert history.counts(by, **asked) == embedded.counts(by, **asked)
    pages = [kept.of_kinds(KINDS[:2], account="acc_1", **days) for kept in (history, embedded)]
    assert pages[0].items == pages[1].items
    rest = [
        kept.of_kinds(KINDS[:2], account="acc_1", **days, before=page.next)
        for kept, page in zip((history, embedded), pages, strict=True)
    ]
    assert rest[0].items == rest[1].items != []


def _by_person(history, embedded, people):
    for person in people[:20]:
        both = [person, people[-1]]
        assert ids(history.of(both)) == ids(embedded.of(both))
        assert history.total(both) == embedded.total(both)
        pages = [kept.timeline(both, limit=15, kinds=KINDS[:2]) for kept in (history, embedded)]
        assert pages[0].items == pages[1].items


def _deeds(history):
    """Who did what when, of which funnels and segments are made."""
    acts = history.acts(KINDS, since=date(2026, 1, 5), until=date(2026, 2, 3))
    names = {0: "", **acts.names(acts.who.tolist())}
    rows = zip(acts.who.tolist(), acts.kind.tolist(), acts.at.tolist(), strict=True)
    return sorted((names[who], kind, at) for who, kind, at in rows)


def _how_often(history, embedded, people):
    """Who did something how often, of everybody and of some: what rules and checks ask."""
    days = {"since": date(2026, 1, 5), "until": date(2026, 2, 3)}
    asked = (
        {}, days, days | {"account": "acc_1"}, {"material": "mat_3", "since": days["since"]},
        {"handles": people[:50]}, days | {"handles": people[:50], "account": "acc_2"},
    )  # fmt: skip
    for which in asked:
        for kind in KINDS[:2]:
            told = [sorted(kept.often(kind, **which)) for kept in (history, embedded)]
            assert told[0] == told[1] != []
    acts = history.acts(KINDS[:1], **days)
    who = acts.who[acts.who > 0].tolist()
    names = acts.names(who)
    counted = Counter(names[each] for each in who)
    assert counted == {who: times for who, times, _ in history.often(KINDS[0], **days)}


def _came_along(history):
    """A funnel of everybody within a week, of whom some are known by two handles."""
    acts = history.stretches(KINDS, since=date(2026, 1, 5), until=date(2026, 2, 3))
    joined = {f"openid:acc_1:o{n}": f"openid:acc_1:o{n // 2}" for n in range(100)}
    told = funnel(acts, KINDS, timedelta(days=7), joined)
    assert [each.reached > 0 for each in told] == [True] * 3
    return told
