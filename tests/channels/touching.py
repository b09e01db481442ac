"""A touch policy over real records, with persons whose standing a test decides."""

import itertools
from datetime import timedelta

from channels.touch_policy import Moods, Nature, Person, Touch, TouchPolicy
from data_hub.consents import Consents
from data_hub.findings import Findings
from data_hub.identities import Identities
from kernel.calendar import Zone
from stores.changes import Changes

SHANGHAI = Zone("Asia/Shanghai")
PROMO = Nature(promo=True)
LARGE = Nature(promo=True, large=True)
CUT = Nature(promo=True, price_cut=True)


class Circle:
    """Persons as a test says they are; anybody else is one handle."""

    def __init__(self):
        self.known = {}

    def add(self, *handles, **standing):
        person = Person(customer=f"cus_{handles[0]}", handles=handles, **standing)
        self.known |= dict.fromkeys(handles, person)
        return person

    def behind(self, handles):
        return {handle: self.known[handle] for handle in handles if handle in self.known}


class Contents:
    """Contents as a test says they are."""

    def __init__(self):
        self.known, self.mega, self.matter = {}, set(), {}

    def of(self, materials):
        return {key: self.known[key] for key in materials if key in self.known}

    def mega_sales(self, campaigns):
        return self.mega & set(campaigns)

    def priorities(self, campaigns):
        return {key: self.matter[key] for key in campaigns if key in self.matter}


class Gate:
    """The policy and everything it asks."""

    def __init__(self, records, clock, **more):
        self.records, self.clock = records, clock
        self.changes = Changes(records, clock)
        self.consents = Consents(records, self.changes, clock)
        self.circle, self.contents = Circle(), Contents()
        self.policy = TouchPolicy(
            records=records, changes=self.changes, consents=self.consents, persons=self.circle,
            natures=self.contents, clock=clock, zone=SHANGHAI, **more,
        )  # fmt: skip
        self._keys = itertools.count()

    def touch(self, handle="phone::1", channel="app", **more):
        key = more.pop("key", None) or f"dlv_{next(self._keys)}"
        return Touch(key=key, handle=handle, account=f"acc_{channel}", channel=channel, **more)

    def say(self, handle="phone::1", channel="app", **more):
        """Ask for one touch and take its place if there is one."""
        touch = self.touch(handle, channel, **more)
        return self.policy.reserve([touch], by="t").decisions[touch.key]

    def days(self, number):
        self.clock.move(timedelta(days=number))


def moods_of(gate, people):
    """Who is left in peace, as the gate asks; nobody has two handles unless events said so."""
    identities = Identities(people, gate.records, gate.changes, gate.clock)
    return Moods(gate.records, gate.changes, Findings(people), identities, gate.clock)
