"""The data hub on real stores: a history that events are put into, and a digest that follows."""

from contextlib import contextmanager
from itertools import count

import pytest

from data_hub.customers import Customers
from data_hub.digest import Digest
from data_hub.echoes import Echoes
from data_hub.emptying import Emptying
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.labels import label
from data_hub.prediction import Predictions
from data_hub.profiles import Profiles
from data_hub.referrals import Referrals
from data_hub.retention import Retention, periods
from data_hub.segments import Previews, Segments
from data_hub.staff import StaffBook
from data_hub.standings import Standings
from data_hub.vip import Vips
from stores.changes import Changes
from stores.records import Folded, Record
from stores.sqlite.history import SqliteHistory
from tests.blank import kept_at


class Taxonomy:
    """Answers what materials are about, as the content hub would today."""

    def __init__(self):
        self.tags = {}
        self.names = {}

    def under(self, names):
        return {each: self.names[each] for each in names if each in self.names}

    def about(self, materials):
        return {each: self.tags[each] for each in materials if each in self.tags}


class Hub:
    """Everything of the data hub, wired."""

    def __init__(self, folder, records, people, changes, clock, *, history=None):
        self.clock, self.records, self.people, self.changes = clock, records, people, changes
        self.topics = Taxonomy()
        self.history = history or SqliteHistory(
            folder / "history.db", label=label, durability="process"
        )
        self.staff = StaffBook(records, changes)
        self.identities = Identities(people, records, changes, clock)
        self.profiles = Profiles(people, self.identities)
        self.findings = Findings(people)
        self.segments = Segments(
            records, people, self.identities, changes, clock, self.topics.under
        )
        self.predictions = Predictions(people, self.profiles, clock)
        self.vips = Vips(people, self.history, self.identities, self.profiles, clock, few=2)
        self.standings = Standings(
            people, records, self.identities, self.profiles, self.history, self.segments, changes,
            clock, chances=self.predictions.model, vips=self.vips.among,
        )  # fmt: skip
        self.previews = Previews(
            people, self.profiles, self.segments, self.standings.subjects, clock
        )
        self.digest = Digest(
            self.history, people, records, self.identities, self.profiles, self.topics, clock,
            standings=self.standings,
        )  # fmt: skip
        self.customers = Customers(
            people, records, self.identities, self.history, self.staff, changes, clock
        )
        self.emptying = Emptying(records, people, self.history, changes)
        self.echoes = Echoes(people, self.digest, clock)
        self.referrals = Referrals(
            records, self.findings, self.identities, changes, clock, reward="5%"
        )
        self._upto = count(1)

    def tell(self, *events):
        """Events arrive, and are digested."""
        self.history.put(events, upto=next(self._upto))
        while self.digest.run():
            pass

    def settle(self):
        """The digest's next turns, until there is nothing left to do."""
        while self.digest.run():
            pass

    def let_go(self):
        """What pages and places are kept for is over after 35 and 30 days."""
        rule = Retention(
            self.history, self.people, self.profiles, self.digest, self.emptying, self.clock,
            days=periods("browsing=35"),
        )  # fmt: skip
        while rule.run():
            pass
        self.settle()

    def members(self, key):
        return set(self.segments.members(key))

    def id_of(self, handle):
        return self.identities.customer_of(handle)

    def kinds_found(self):
        return [found.kind for found in self.findings.after(0)]


@pytest.fixture
def hub(tmp_path, records, people, changes, clock):
    wired = Hub(tmp_path, records, people, changes, clock)
    yield wired
    wired.history.close()


@pytest.fixture
def fresh_hub(tmp_path_factory, clock):
    """As many empty hubs as a property test needs, each in a folder of its own."""

    @contextmanager
    def one():
        folder = tmp_path_factory.mktemp("hub")
        records = kept_at(f"sqlite:///{folder}/records.db", Record)
        people = kept_at(f"sqlite:///{folder}/people.db", Folded)
        wired = Hub(folder, records, people, Changes(records, clock), clock)
        yield wired
        for store in (wired.history, records, people):
            store.close()

    return one


@pytest.fixture
def any_hub(tmp_path, any_records, any_people, any_changes, clock):
    """The hub with its records and people on each engine in turn."""
    wired = Hub(tmp_path, any_records, any_people, any_changes, clock)
    yield wired
    wired.history.close()
