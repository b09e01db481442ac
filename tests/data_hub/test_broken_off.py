"""F35: whichever question to the records or to what is known of people fails, nothing is half
done: asked again, each flow ends as if nothing had happened."""

from contextlib import suppress
from datetime import timedelta

import pytest

from data_hub.consents import MARKETING, Consents
from data_hub.privacy import Privacy
from kernel.errors import Overloaded
from kernel.secret import Secret
from stores.history import Fold
from stores.sqlite.journal import SqliteJournal
from tests.data_hub.telling import event, mobile, openid, user
from tests.faults import Faults
from tests.sizes import sized

EACH = sized(11, 1)
"""In CI one statement or commit in so many fails."""


class House:
    """The hub, and who follows what it finds."""

    def __init__(self, hub, records, people, changes, folder):
        self.hub, self.records, self.people = hub, records, people
        self.consents = Consents(records, changes, hub.clock)
        journal = SqliteJournal(folder / "journal", durability="process")
        self.privacy = Privacy(
            records, people, hub.identities, journal, hub.history, Fold(journal, hub.history),
            hub.digest, changes, hub.emptying, hub.echoes, key=Secret("ab" * 32),
        )  # fmt: skip
        self.segment = hub.segments.create("buyers", rule="did bought", by="li").id
        self.list = hub.segments.create("friends", by="li").id
        self._upto = 0
        self.work()  # who enters a segment is told from now on

    def put(self, *events):
        self._upto += 1
        self.hub.history.put(events, upto=self._upto)

    def work(self):
        """The worker's next rounds."""
        self.hub.settle()
        while self.hub.referrals.follow():
            pass

    def found(self, handle):
        hers = self.hub.id_of(handle)
        return sorted(e.kind for e in self.hub.findings.after(0, 10_000) if e.customer == hers)

    def events(self, handle):
        return self.hub.profiles.of(self.hub.id_of(handle)).events

    def live(self, *handles):
        """How many decisions about them count."""
        decided = self.hub.identities.decisions.about(handles)
        return sum(each.lifted is None for each in decided)


@pytest.fixture
def house(any_hub, any_records, any_people, any_changes, tmp_path):
    return House(any_hub, any_records, any_people, any_changes, tmp_path)


def what_she_did_is_digested(house, name):
    her, device, number = user(name), openid(name), mobile(_number(name))
    house.put(
        event("viewed_page", her), event("identified", her, number, minutes=1),
        event("identified", device, number, minutes=2),
        event("bought", her, minutes=3, detail={"amount": 5}),
    )  # fmt: skip
    yield house.work
    assert house.events(her) == 4
    assert house.hub.id_of(her) == house.hub.id_of(device)
    assert house.found(her).count("entered_segment") == 1
    assert house.hub.id_of(her) in house.hub.members(house.segment)


def two_turn_out_to_be_one(house, name):
    one, other = _two(house, name)
    yield lambda: house.hub.identities.decisions.merge(one, other, by="li")
    assert house.hub.id_of(one) == house.hub.id_of(other)
    assert (house.events(one), house.live(one, other)) == (2, 1)


def one_turns_out_to_be_two(house, name):
    one, other = _two(house, name)
    merged = house.hub.identities.decisions.merge(one, other, by="li")
    house.work()
    assert house.hub.id_of(one) == house.hub.id_of(other)
    yield lambda: house.hub.identities.decisions.undo(merged, by="li")
    assert house.hub.id_of(one) != house.hub.id_of(other)
    assert (house.events(one), house.events(other)) == (1, 1)


def a_person_grades_her(house, name):
    her, _ = _two(house, name)
    yield lambda: house.hub.standings.grades.rule(her, "A", note="老客户", by="li")
    customer = house.hub.id_of(her)
    assert house.hub.standings.rows([customer])[customer].grade == "A"


def she_is_put_on_a_list(house, name):
    her, other = _two(house, name)
    yield lambda: house.hub.segments.put(house.list, [her, other], by="li")
    assert {house.hub.id_of(her), house.hub.id_of(other)} <= house.hub.members(house.list)


def she_withdraws_her_consent(house, name):
    her, _ = _two(house, name)
    yield lambda: house.consents.withdraw({her}, MARKETING, source="page")
    assert not house.consents.allows([str(her)], MARKETING)


def a_friend_brings_her(house, name):
    _, friend = _two(house, name)
    code = house.hub.referrals.issue([friend], by="li").code
    new, number = user(f"{name}-new"), f"A-{name}"
    house.put(
        event("signed_up", new, minutes=9, detail={"referral": code}),
        event("bought", new, minutes=10, detail={"order": number, "amount": 100}),
    )
    yield house.work
    chain = house.hub.referrals.chains.of([friend])
    assert [each.customer for each in chain.brought] == [house.hub.id_of(new)]
    assert chain.ledger.granted == 500
    assert list(house.hub.referrals.flaws()) == []


def she_is_forgotten(house, name):
    her, other = _two(house, name)
    yield lambda: house.privacy.erase(str(her), by="li")
    assert (house.hub.identities.find(name), house.events(other)) == ([], 1)
    assert house.hub.history.total([her]) == 0
    assert [each.act for each in house.privacy.proofs(her)] == ["erased"]


FLOWS = [
    what_she_did_is_digested, two_turn_out_to_be_one, one_turns_out_to_be_two, a_person_grades_her,
    she_is_put_on_a_list, she_withdraws_her_consent, a_friend_brings_her, she_is_forgotten,
]  # fmt: skip


def _two(house, name):
    """Two who have done something, and of whom everything is digested."""
    one, other = user(name), user(f"{name}-too")
    house.put(event("viewed_page", one), event("viewed_page", other, minutes=1))
    house.work()
    return one, other


def _number(name):
    return f"138{sum(ord(letter) * 31**at for at, letter in enumerate(name)) % 10**8:08}"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_f35_whichever_question_fails_it_ends_as_if_nothing_had_happened(house, flow):
    faults, number = Faults(house.records, house.people), 1
    while True:
        case = flow(house, f"{flow.__name__[:9]}{number}")
        act = next(case)
        faults.begin(number)
        with suppress(Overloaded):  # and nothing else: it says when to come again
            act()
            act = house.work
        met = faults.end()
        act()
        house.hub.clock.move(timedelta(seconds=1))
        house.work()
        assert next(case, "over") == "over"
        if not met:
            break
        number += EACH
    assert number > EACH
