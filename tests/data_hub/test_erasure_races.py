"""Erased while a worker thinks of her, she does not come back by what it had read before."""

from itertools import count

import pytest

from data_hub.digest import Digest
from data_hub.privacy import Privacy
from kernel.secret import Secret
from stores.history import Fold
from stores.sqlite.journal import SqliteJournal
from tests.data_hub.telling import event, mobile, user

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
        hub.digest, any_changes, hub.emptying, key=Secret("ab" * 32),
    )  # fmt: skip
    erased = count()

    def erase():
        privacy.erase(str(HER), by="t")
        next(erased)

    whom = hub.id_of(HER)
    if act == "a late event of hers":
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
        key=Secret("ab" * 32),
    )  # fmt: skip
    privacy.erase(str(HER), by="t")
    hub.tell(event("messaged", OTHER, minutes=9))

    assert last
    assert {each.handle for each in hub.findings.after(last) if each.handle} == {str(OTHER)}
