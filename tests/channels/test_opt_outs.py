"""What she switches off or on in a front end counts for what we send, within bounds."""

import signal
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from channels.deliveries import State
from channels.opt_outs import OptOuts
from data_hub import findings
from data_hub.consents import LOCATION, MARKETING, PERSONALISATION
from data_hub.findings import Findings
from data_hub.lifecycle import standing
from data_hub.own_acts import _told
from data_hub.profiles import fold
from data_hub.profiles.folding import key_of
from data_hub.segments.being import Allows
from data_hub.segments.subject import Subject
from data_hub.terms import Terms
from tests.channels.touching import SHANGHAI
from tests.data_hub.telling import event, mobile, user
from tests.dying import died

APP, PHONE = user("u1"), mobile()


class Front:
    """A front end that tells what she did, and the house that hears of it."""

    def __init__(self, house, people, clock):
        self.house, self.clock, self.heard = house, clock, []
        self._found = Findings(people)
        self.opt_outs = OptOuts(
            house.records, self._found, house.identities, house.consents, house.preferences
        )
        house.identities.note([event("identified", APP, PHONE)])

    def tells(self, kind, ago=0, handle=APP, account="acc_app", **said):
        at = self.clock() - timedelta(hours=ago)
        told = replace(event(kind, handle, account=account, detail={"properties": said}), at=at)
        self._found.keep([findings.of_event(told, "c")])
        while self.opt_outs.follow(1):
            pass
        self.clock.move(timedelta(minutes=1))

    def told_late(self, *said):
        """What she did some minutes ago, the oldest first, is heard of at once: (kind, account,
        minutes ago, channel)."""
        now = self.clock()
        for n, (kind, account, ago, channel) in enumerate(said):
            detail = {"properties": {"channel": channel}}
            told = event(kind, APP, id=f"l{n}", account=account, detail=detail)
            told = replace(told, at=now - timedelta(minutes=ago))
            self._found.keep([findings.of_event(told, "c")])
            self.heard.append(told)
        while self.opt_outs.follow(1):
            self.clock.move(timedelta(seconds=1))

    def profile_allows(self, channel="sms"):
        """What her profile says, folded of what the front end told and of our own acts."""
        acts = self.house.changes.after("", 1_000).changes
        own = [_told(each, self.clock()) for each in acts if each.handle == str(APP)]
        whole = fold(sorted([*self.heard, *own], key=key_of), lambda _: (), zone=SHANGHAI)
        now, terms = self.clock(), Terms()
        hers = Subject(
            customer="c", profile=whole, now=now, zone=SHANGHAI,
            standing=standing(whole, now, terms.cycles, SHANGHAI),
        )  # fmt: skip
        return Allows(MARKETING, channel).holds(hers)

    def allows(self, purpose=MARKETING, channel="sms"):
        return self.house.consents.allows([APP, PHONE], purpose, channel)


@pytest.fixture
def front(any_house, any_people, clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info)
    return Front(any_house, any_people, clock)


@pytest.mark.rule("R46.1", "R46.2")
def test_who_opts_out_in_a_front_end_is_left_alone_and_nothing_queued_is_sent(front):
    house = front.house
    account = house.account("app", "app", "own_app")
    queued = house.publishing.send(
        PHONE, account.code, occasion="o1", purpose=MARKETING, by="li", words="您好"
    )
    front.tells("opted_out")
    assert house.deliveries.one(queued.id).state == State.CANCELLED
    assert not front.allows()
    [word] = {(each.purpose, each.source) for each in house.consents.of([PHONE])}
    assert word == (MARKETING, "acc_app")


def test_one_channel_or_purpose_is_left_alone_and_no_other(front):
    front.tells("opted_out", channel="wechat_oa")
    assert (front.allows(channel="wechat_oa"), front.allows(channel="sms")) == (False, True)
    front.tells("opted_out", purpose=PERSONALISATION)
    assert (front.allows(PERSONALISATION), front.allows()) == (False, True)
    front.tells("opted_out", consent="what nobody asks for")
    assert len(front.house.consents.of([APP])) == 2


@pytest.mark.rule("R46.1")
def test_a_front_end_takes_back_its_own_word_and_nobody_elses(front):
    front.tells("opted_out")
    front.tells("opted_in", account="acc_other")
    assert not front.allows()
    front.tells("opted_in")
    assert front.allows()
    front.house.preferences.opt_out([PHONE], MARKETING, source="stop_page")
    front.clock.move(timedelta(hours=1))
    front.tells("opted_in")
    assert not front.allows(), "she said no on our own page"


def test_what_was_said_before_her_last_word_changes_nothing(front):
    front.house.preferences.opt_in([PHONE], MARKETING, source="stop_page")
    front.tells("opted_out", ago=2)
    assert front.allows()
    front.clock.move(timedelta(hours=1))
    front.tells("opted_out")
    front.tells("opted_in", ago=1)
    assert not front.allows()


OUT, IN = "opted_out", "opted_in"


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ([(OUT, "acc_app", 9, ""), (IN, "acc_app", 8, "")], True),
        ([(IN, "acc_app", 9, ""), (OUT, "acc_app", 8, "")], False),
        ([(OUT, "acc_app", 9, ""), (IN, "acc_app", 8, ""), (OUT, "acc_app", 7, "")], False),
        ([(OUT, "acc_app", 9, ""), (IN, "acc_other", 8, "")], False),
        ([(OUT, "acc_app", 9, ""), (OUT, "acc_other", 8, ""), (IN, "acc_other", 7, "")], False),
        ([(OUT, "acc_app", 9, ""), (OUT, "acc_other", 8, ""), (IN, "acc_app", 7, "")], True),
        ([(IN, "acc_app", 2, "sms"), (OUT, "acc_app", 9, "")], True),
        ([(OUT, "acc_app", 1, ""), (OUT, "acc_app", 9, ""), (IN, "acc_app", 5, "")], False),
        ([(OUT, "acc_app", 9, ""), (OUT, "acc_app", 1, ""), (IN, "acc_app", 5, "")], False),
    ],
)  # fmt: skip
def test_what_is_sent_and_what_her_profile_says_are_the_same_however_late_it_is_heard(
    front, said, allowed
):
    front.told_late(*said)
    assert (front.allows(), front.profile_allows()) == (allowed, allowed)


def test_a_first_word_may_be_a_yes_and_repeating_it_adds_nothing(front):
    assert not front.allows(LOCATION)
    for _ in range(2):
        front.tells("opted_in", purpose=LOCATION)
    assert front.allows(LOCATION)
    acts = [each for each in front.house.changes.after("").changes if each.act == "opted_in"]
    assert sorted(each.handle for each in acts) == sorted(map(str, (APP, PHONE)))


def test_our_own_word_is_not_followed_as_if_a_front_end_had_said_it(front):
    front.tells("opted_out", account="juzhen")
    assert front.house.consents.of([APP]) == []


FOLLOW = "import sys; from tests.channels.opting_out import race; sys.exit(race(*sys.argv[1:]))"
KILLED = "import sys; from tests.channels.opting_out import follow; follow(*sys.argv[1:])"


@pytest.fixture
def many(front):
    """A dozen who switched marketing off."""
    them = [user(f"m{n}") for n in range(12)]
    front.house.identities.note([event("identified", each) for each in them])
    at = front.clock() - timedelta(hours=1)
    told = [replace(event("opted_out", each), at=at) for each in them]
    front._found.keep([findings.of_event(each, "c") for each in told])
    return them


def words(front, them):
    """The acts by which their word was changed, each with its handle."""
    acts = front.house.changes.after("", 1_000).changes
    names = {str(each) for each in them}
    return sorted((each.act, each.handle) for each in acts if each.handle in names)


def given(front, any_records_url, any_people_url):
    return any_records_url, any_people_url, front.clock().isoformat()


def test_processes_that_follow_at_once_take_each_word_once(
    front, many, any_records_url, any_people_url
):
    assert died(FOLLOW, *given(front, any_records_url, any_people_url), "3") == 0
    assert words(front, many) == sorted(("opted_out", str(each)) for each in many)
    assert not any(front.house.consents.allows([each], MARKETING, "sms") for each in many)
    assert front.opt_outs.follow() == 0


def test_who_dies_behind_the_acts_takes_each_word_once(
    front, many, any_records_url, any_people_url
):
    told = given(front, any_records_url, any_people_url)
    for turn in (1, 2):
        point = f"following.acted@{turn}"
        assert died(KILLED, *told, JUZHEN_CRASH_AT=point) == -signal.SIGKILL
    assert words(front, many), "it died behind the acts"
    while front.opt_outs.follow(5):
        pass
    assert words(front, many) == sorted(("opted_out", str(each)) for each in many)
