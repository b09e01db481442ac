"""Erased while a worker thinks of her, she does not come back by what it had read before; killed in
the middle, her erasure leaves nobody else's profile telling of what is gone."""

import signal
from datetime import timedelta
from itertools import count

import pytest

from data_hub.digest import Digest
from data_hub.identities import Known
from data_hub.privacy import Privacy
from kernel.secret import Secret
from stores.history import Fold
from stores.sqlite.journal import SqliteJournal
from tests.data_hub.telling import event, mobile, user
from tests.dying import died

HER, OTHER = user("canary"), user("neighbour")
ACTS = {
    "a late event of hers": lambda worker: worker.run(),
    "ahead of her turn": lambda worker: worker.ahead({HER}),
    "a look at her": lambda worker: worker._look_at([worker.whom]),
}


class Interrupted:
    """A store that lets something happen in the middle of the first answer it gives."""

    def __init__(self, store, names, happens):
        self._store, self._names, self._happens = store, names, happens

    def __getattr__(self, name):
        told = getattr(self._store, name)
        if name not in self._names:
            return told

        def answer(*asked, **how):
            found = told(*asked, **how)
            found = list(found) if name == "of" else found
            happens, self._happens = self._happens, lambda: None
            happens()
            return found

        return answer


@pytest.mark.parametrize("act", ACTS)
def test_nobody_comes_back_by_what_was_read_before(any_hub, act, tmp_path, any_changes):
    hub = any_hub
    people, records = hub.identities._people, hub.identities.decisions._records
    journal = SqliteJournal(tmp_path / "journal", durability="process")
    told = {"traits": {"name": "金丝雀", "city": "金丝雀市"}}
    hub.tell(event("identified", HER, mobile(), minutes=5, detail=told), event("searched", OTHER))
    privacy = Privacy(
        records, people, hub.identities, journal, hub.history, Fold(journal, hub.history),
        hub.digest, any_changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
    )  # fmt: skip
    erased = count()

    def erase():
        privacy.erase(str(HER), by="t")
        next(erased)

    whom = hub.id_of(HER)
    if act != "a look at her":
        hub.history.put([event("searched", HER, minutes=1)], upto=1_000)
    worker = Digest(
        Interrupted(hub.history, {"of", "after"}, erase), people, records, hub.identities,
        Interrupted(hub.profiles, {"many"} if act == "a look at her" else set(), erase),
        hub.topics, hub.clock, standings=hub.standings,
    )  # fmt: skip
    worker.whom = whom
    ACTS[act](worker)
    assert next(erased) == 1
    hub.settle()
    assert hub.identities.find("canary") == []
    assert hub.identities.find(mobile().value) == []
    assert hub.profiles.many([whom]) == {}
    assert hub.history.total([HER]) == 0
    assert len(hub.identities.find("neighbour")) == 1
    journal.close()


def test_what_is_found_after_an_erasure_stands_behind_what_was_erased(
    any_hub, tmp_path, any_changes
):
    hub = any_hub
    journal = SqliteJournal(tmp_path / "journal", durability="process")
    hub.tell(event("messaged", HER, minutes=5))
    last = hub.findings.latest()
    privacy = Privacy(
        hub.identities.decisions._records, hub.identities._people, hub.identities, journal,
        hub.history, Fold(journal, hub.history), hub.digest, any_changes, hub.emptying,
        hub.echoes, key=Secret("ab" * 32),
    )  # fmt: skip
    privacy.erase(str(HER), by="t")
    hub.tell(event("messaged", OTHER, minutes=9))

    assert last
    assert {each.handle for each in hub.findings.after(last) if each.handle} == {str(OTHER)}


KILLED = """
from datetime import datetime
from pathlib import Path
from data_hub.privacy import Privacy
from kernel.secret import Secret
from stores.changes import Changes
from stores.history import Fold
from stores.records import Folded, Record
from stores.sqlite.journal import SqliteJournal
from tests.blank import kept_at
from tests.data_hub.conftest import Hub
folder, clock = Path({folder!r}), lambda: datetime.fromisoformat({now!r})
records, people = kept_at({records!r}, Record), kept_at({people!r}, Folded)
hub = Hub(folder, records, people, changes := Changes(records, clock), clock)
journal = SqliteJournal(folder / "journal", durability="process")
Privacy(
    records, people, hub.identities, journal, hub.history, Fold(journal, hub.history),
    hub.digest, changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
).erase({her!r}, by="t")
"""


def test_killed_before_others_are_folded_anew_the_worker_does_it_and_erasing_again_ends_it(
    any_hub, any_records, any_people, any_changes, tmp_path
):
    """What OTHER told names a phone of HERS: it goes, and with it what her own profile said."""
    hub, journal = any_hub, SqliteJournal(tmp_path / "journal", durability="process")
    hub.tell(
        event("identified", HER, mobile()),
        event("identified", OTHER, mobile(), minutes=1, detail={"traits": {"city": "苏州"}}),
        event("viewed_page", OTHER, minutes=2),
    )
    other = hub.id_of(OTHER)

    def said():
        profile = hub.profiles.of(other)
        return profile.events, "city" in profile.told()

    assert said() == (2, True)
    urls = {
        part: kept.engine.url.render_as_string(hide_password=False)
        for part, kept in (("records", any_records), ("people", any_people))
    }
    child = KILLED.format(folder=str(tmp_path), now=hub.clock().isoformat(), her=str(HER), **urls)
    assert died(child, JUZHEN_CRASH_AT="erasing.gone") == -signal.SIGKILL
    assert hub.history.total([HER, mobile()]) == 0
    assert (said(), hub.echoes.run()) == ((2, True), 0)  # it may be at work still
    hub.clock.move(timedelta(minutes=1))
    assert (hub.echoes.run(), said(), hub.echoes.run()) == (1, (1, False), 0)
    assert hub.profiles.of(other).same_as(hub.digest.counted_again([other])[other])

    hub.clock.move(timedelta(hours=1))
    assert hub.echoes.run() == 1  # who knows whether all of hers was gone then
    Privacy(
        any_records, any_people, hub.identities, journal, hub.history, Fold(journal, hub.history),
        hub.digest, any_changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
    ).erase(str(HER), by="t")  # fmt: skip
    hub.clock.move(timedelta(hours=1))
    assert (hub.echoes.run(), said()) == (0, (1, False))
    assert hub.identities.find(HER.value) == []
    journal.close()


def test_whoever_hung_together_under_her_name_hangs_together_under_one_of_their_own(
    any_hub, any_records, any_people, any_changes, tmp_path
):
    """Nobody else's, or each erasure would have more people looked at together for good."""
    hub, journal = any_hub, SqliteJournal(tmp_path / "journal", durability="process")
    privacy = Privacy(
        any_records, any_people, hub.identities, journal, hub.history, Fold(journal, hub.history),
        hub.digest, any_changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
    )  # fmt: skip
    families = ("13800138001", "13800138002")
    for number in families:
        for n, name in enumerate(("zz", "yy", "a")):  # the first has the phone
            hub.tell(event("identified", user(f"{name}{number}"), mobile(number), minutes=n),
                     event("viewed_page", user(f"{name}{number}"), minutes=9))  # fmt: skip
        privacy.erase(number, by="t")

    def regions():
        with any_people.read() as session:
            return {row.handle: row.region for row in session.query(Known)}

    kept = regions()
    for number in families:
        theirs = {handle: region for handle, region in kept.items() if handle.endswith(number)}
        assert len(theirs) == 2
        assert set(theirs.values()) == {min(theirs)}
    journal.close()
