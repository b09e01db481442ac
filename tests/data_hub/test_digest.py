"""The digest follows history: once, in any order, and again from nothing with the same outcome."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from data_hub.forerunning import together
from data_hub.identities import own_id
from data_hub.profiles import Profile
from data_hub.profiles.folding import key_of
from data_hub.standings import StandingRow
from kernel.events import Ecosystem
from stores.history import Axis
from tests.data_hub.conftest import Hub
from tests.data_hub.telling import MONDAY, event, mobile, openid, unionid, user

DAY = 24 * 60


def story():
    """One person in four ecosystems, and a neighbour."""
    return [
        event("identified", user("u1"), mobile(), ecosystem=Ecosystem.OWN_APP),
        event("read_material", user("u1"), minutes=1, material="mat_1", ecosystem="own_app"),
        event("followed", openid("o1"), unionid("w1"), minutes=2, account="acc_oa",
              ecosystem=Ecosystem.WECHAT),
        event("read_material", openid("o1"), minutes=3, material="mat_2", account="acc_oa",
              rep="stf_1", ecosystem="wechat"),
        event("entered_livestream", openid("d1", "acc_dy"), minutes=4, account="acc_dy",
              ecosystem=Ecosystem.VIDEO),
        event("bought", user("b1", "acc_shop"), mobile(), minutes=5, account="acc_shop",
              ecosystem=Ecosystem.COMMERCE, detail={"amount": 99.5, "product": "体检套餐"}),
        event("viewed_page", user("neighbour"), minutes=6, ecosystem="own_app"),
    ]  # fmt: skip


LINKS = [
    event("identified", openid("o1"), mobile(), minutes=7, account="acc_oa", ecosystem="wechat"),
    event("left_contact", openid("d1", "acc_dy"), mobile(), minutes=8, account="acc_dy"),
]


@pytest.mark.rule("R10.1")
def test_events_of_four_ecosystems_land_in_one_schema(hub):
    hub.tell(*story(), *LINKS)

    hers = hub.identities.handles(hub.identities.customer_of(mobile()))
    page = hub.history.timeline(hers, limit=20)
    assert {each.ecosystem for each in page.items if each.ecosystem} == set(Ecosystem)
    assert len({type(each) for each in page.items}) == 1
    assert [each.at for each in page.items] == sorted((e.at for e in page.items), reverse=True)


def test_what_is_folded_ahead_of_its_turn_knows_what_it_is_about(hub):
    """A late event has all of hers folded, among them one whose turn has not come."""
    hub.topics.tags["mat_3"] = ["tag_x"]
    hub.history.put([
        event("read_material", user("u1"), minutes=10, material="mat_1"),
        event("read_material", user("u1"), minutes=5, material="mat_2"),
        event("read_material", user("u1"), minutes=20, material="mat_3"),
    ], upto=1)  # fmt: skip
    while hub.digest.run(1):
        pass
    her = hub.id_of(user("u1"))
    profile = hub.profiles.of(her)
    assert "tag_x" in profile.tags
    assert profile.same_as(hub.digest.counted_again([her])[her])


@pytest.mark.rule("R10.3")
def test_counts_per_channel_before_and_after_a_merge_reconcile_exactly(hub):
    def per_channel(*handles):
        customers = {hub.identities.customer_of(handle) for handle in handles}
        totals = {}
        for profile in hub.profiles.many(customers).values():
            for account, (count, _) in profile.accounts.items():
                totals[account] = totals.get(account, 0) + count
        return len(customers), totals

    everybody = (
        mobile(), user("u1"), openid("o1"), openid("d1", "acc_dy"), user("b1", "acc_shop"),
        user("neighbour"),
    )  # fmt: skip
    hub.tell(*story())
    people_before, before = per_channel(*everybody)
    hub.tell(*LINKS)
    people_after, after = per_channel(*everybody)

    assert (people_before, people_after) == (4, 2)
    linking = {"acc_oa": 1, "acc_dy": 1}
    assert after == {account: n + linking.get(account, 0) for account, n in before.items()}
    counted = {each.key[0]: each[1] for each in hub.history.counts([Axis.ACCOUNT])}
    assert after == counted


def test_a_repeat_and_a_late_event_change_nothing_that_they_should_not(hub):
    first, second, *others = story()
    hub.tell(second, *others, *LINKS)
    hub.tell(first)
    hub.tell(first, second)

    profile = hub.profiles.of(hub.identities.customer_of(mobile()))
    assert profile.events == 8
    assert profile.began == first.at.timestamp()


def test_made_again_from_nothing_everything_is_as_it_was(hub, clock):
    hub.topics.tags = {"mat_1": ["tag_care"], "mat_2": ["tag_fund"]}
    hub.tell(*story())
    clock.move(timedelta(days=1))
    hub.topics.tags = {"mat_1": ["tag_other"], "mat_2": ["tag_fund", "tag_new"]}
    hub.tell(*LINKS, event("read_material", openid("o1"), minutes=2 * DAY, material="mat_2"))
    hub.identities.decisions.part(openid("d1", "acc_dy"), mobile(), by="stf_1")
    hub.tell()
    handles = [mobile(), user("u1"), openid("o1"), openid("d1", "acc_dy"), user("neighbour")]
    people = hub.identities.customers_of(handles)
    profiles = hub.profiles.many(set(people.values()))
    found = hub.findings.latest()
    clock.move(timedelta(days=2))
    hub.topics.tags = {}

    hub.digest.rebuild()

    assert hub.identities.customers_of(handles) == people
    again = hub.profiles.many(set(people.values()))
    assert again.keys() == profiles.keys()
    assert all(again[customer].same_as(profiles[customer]) for customer in profiles)
    assert set(profiles[people[str(mobile())]].tags) == {"tag_care", "tag_fund", "tag_new"}
    assert hub.findings.latest() == found


def test_nobody_is_news_again_because_the_past_is_folded_in_other_stretches(hub):
    """By the first of a stretch somebody is told to be new, to be one, or to be back."""
    hub.tell(event("viewed_page", user("u1"), minutes=5))
    hub.tell(event("viewed_page", user("u1"), minutes=1))
    hub.tell(event("viewed_page", openid("o1"), minutes=2))
    hub.tell(event("identified", openid("o1"), user("u1"), minutes=9))
    hub.tell(event("identified", openid("o1"), user("u1"), minutes=8))
    hub.tell(event("viewed_page", user("u1"), minutes=90 * DAY))
    hub.tell(event("viewed_page", user("u1"), minutes=80 * DAY))
    before = hub.findings.latest()

    for _ in range(2):
        hub.digest.rebuild()
        hub.settle()
    assert hub.findings.latest() == before
    told = ["first_seen", "first_seen", "merged", "came_back"]
    assert [kind for kind in hub.kinds_found() if kind in told] == told


def test_who_comes_while_the_past_is_folded_again_is_new_once(hub):
    """Whether she waits for her turn or is digested ahead of it; who acts meanwhile is no news."""
    for number in range(5):
        hub.tell(event("viewed_page", user(f"old{number}"), minutes=number))
    hub.tell(event("viewed_page", user("old4"), minutes=-4))
    before = hub.findings.latest()
    hub.history.put([event("bought", user("waits"), minutes=10)], upto=101)
    late = [event("bought", user("old4"), minutes=11), event("bought", user("ahead"), minutes=12)]

    def meanwhile(done):
        if late and done < 5:
            hub.history.put(late, upto=102)
            hub.digest.ahead([each.handle for each in late])
            late.clear()

    run = hub.digest.run
    hub.digest.run = lambda: run(2)
    hub.digest.rebuild(meanwhile)
    assert not late
    told = [(each.kind, str(each.handle)[-4:]) for each in hub.findings.after(before)]
    assert sorted(told) == sorted([
        ("bought", "aits"), ("bought", "head"), ("bought", "old4"),
        ("first_seen", "aits"), ("first_seen", "head"),
    ])  # fmt: skip


def test_while_the_past_is_folded_again_everybody_is_who_she_was(any_hub):
    """Whoever resolves a handle meanwhile, to ask for her consent, count or remind, is told so."""
    hub = any_hub
    hub.tell(*story(), *LINKS)
    decision = hub.identities.decisions.part(user("b1", "acc_shop"), mobile(), by="stf_1")
    hub.settle()
    handles = [mobile(), user("u1"), openid("o1"), openid("d1", "acc_dy"), user("b1", "acc_shop")]
    before = hub.identities.all_alongside(handles)
    assert len(before[str(openid("o1"))]) == 5
    seen = []

    def look(_):
        seen.append(hub.identities.all_alongside(handles))

    run = hub.digest.run
    hub.digest.run = lambda: run(1)
    hub.digest.rebuild(look)
    assert len(seen) > len(handles)
    assert [each for each in seen if each != before] == []
    assert decision


def test_once_the_past_was_folded_again_everybody_is_looked_at_without_any_segment(
    hub, tmp_path, records, people, changes, clock
):
    """By whoever digests then: another process, which had looked at everybody before."""
    worker = Hub(tmp_path, records, people, changes, clock, history=hub.history)
    worker.tell(*story())

    def stand():
        with people.read() as session:
            row = StandingRow
            asked = select(row.customer, row.node, row.stage, row.grade, row.began)
            return sorted(session.execute(asked).all())

    before = stand()
    with people.write("digest") as session:
        session.execute(delete(StandingRow))
    hub.digest.run = lambda: 0
    hub.digest.rebuild()
    worker.settle()
    assert len(before) == 4
    assert stand() == before


def test_a_past_of_which_the_end_is_erased_while_it_is_folded_again_comes_to_its_end(hub):
    hub.tell(event("viewed_page", user("u1")), event("viewed_page", user("u2"), minutes=1))
    run = hub.digest.run
    hub.digest.run = lambda: run(1)
    hub.digest.rebuild(lambda _: hub.history.forget([user("u2")]))
    assert hub.digest.ruled() is not None


def test_somebody_may_be_digested_ahead_of_all_others(hub):
    events = [event("viewed_page", user(f"other{n}"), minutes=n) for n in range(50)]
    hub.history.put([*events, *story(), *LINKS], upto=1)

    hub.digest.ahead([openid("o1")])

    assert hub.digest.mark() == 0
    assert hub.profiles.of(own_id(openid("o1"))).events == 8
    assert hub.identities.seen(user("other3")) is None
    while hub.digest.run(20):
        pass
    assert hub.profiles.of(own_id(openid("o1"))).events == 8
    assert hub.profiles.of(own_id(user("u1"))).events == 8


def test_a_slice_that_another_digest_has_taken_is_left_alone(hub):
    hub.history.put(story(), upto=1)
    stretch = hub.history.after(0, 10)
    digested = hub.digest._digested([each for _, each in stretch], hub.digest._since())
    hub.digest.run()

    assert not hub.digest._write(digested, {"digest": "7"})


def test_profiles_are_packed_before_anybody_has_to_wait_for_it(hub):
    """Of three hundred with fifty readings each that takes longer than all that is written."""
    waited = []

    @dataclass(slots=True)
    class Watched(Profile):
        def pack(self):
            waited.append(hub.people.writing)
            return Profile.pack(self)

    hub.history.put(story(), upto=1)
    told = [each for _, each in hub.history.after(0, 10)]
    digested = hub.digest._digested(told, hub.digest._since())
    digested.profiles = {
        her: Watched.unpack(profile.pack()) for her, profile in digested.profiles.items()
    }
    assert hub.digest._write(digested, {"digest": "7"})
    assert waited == [False] * len(digested.profiles)
    assert hub.profiles.of(hub.id_of(user("u1"))).kinds["read_material"] == 1


@pytest.mark.parametrize("name", ["her", "neighbour"])
def test_who_was_folded_anew_meanwhile_is_thought_of_again(hub, name):
    """Retention drops something of hers and folds her anew while the digest, in another lane,
    thinks of what she did since, beside what it had read before."""
    her, digest = user("her"), hub.digest
    hub.tell(event("viewed_page", her, minutes=-40 * DAY), event("liked_material", her))
    hub.history.put([event("viewed_page", user(name), minutes=5)], upto=9)
    hub.history.let_go("viewed_page", MONDAY.date(), 10)
    digest.void()
    since = digest._since()
    ((last, acted),) = hub.history.after(since.mark, 10)
    thought = digest._digested([acted], since)
    digest.renew_all([hub.id_of(her)])

    assert digest._write(thought, {"digest": str(last)}) == (name == "neighbour")
    hub.settle()
    hers = hub.id_of(her)
    assert hub.profiles.of(hers).same_as(digest.counted_again([hers])[hers])


def test_findings_tell_what_somebody_waits_for(hub):
    hub.tell(*story())
    assert hub.kinds_found().count("first_seen") == 4
    sent = [found for found in hub.findings.after(0) if found.kind == "read_material"]
    assert [(found.rep, found.material) for found in sent] == [("stf_1", "mat_2")]
    bought = next(found for found in hub.findings.after(0) if found.kind == "bought")
    assert bought.evidence["amount"] == 99.5

    mark = hub.findings.latest()
    hub.tell(*LINKS)
    kinds = [found.kind for found in hub.findings.after(mark)]
    assert kinds.count("merged") == 1
    assert "left_contact" in kinds


def test_coming_back_after_a_long_silence_is_found_once(hub):
    hub.tell(event("viewed_page", user("u1")))
    hub.tell(event("sent", user("u1"), minutes=30 * DAY, account="juzhen"))
    hub.tell(event("viewed_page", user("u1"), minutes=50 * DAY))
    hub.tell(event("viewed_page", user("u1"), minutes=51 * DAY))

    assert hub.kinds_found().count("came_back") == 1


def test_the_same_tables_serve_on_every_engine(any_hub):
    any_hub.tell(*story())
    any_hub.tell(*LINKS)
    any_hub.digest.rebuild()

    assert any_hub.profiles.of(any_hub.identities.customer_of(mobile())).events == 8
    assert any_hub.kinds_found().count("merged") == 1


def test_who_acts_while_much_waits_is_digested_at_once_and_only_once(hub):
    past = [event("viewed_page", user(f"old{number}"), minutes=number) for number in range(30)]
    hub.history.put(past, upto=1)
    hub.digest.freshen(waiting=10)
    fresh = event("read_material", user("u1"), minutes=DAY, material="mat_1")
    hub.history.put([fresh], upto=2)

    assert hub.digest.freshen(waiting=10) == 1
    assert hub.digest.freshen(waiting=10) == 0
    now = hub.profiles.of(hub.identities.customer_of(user("u1")))
    assert hub.digest.mark() == 0

    while hub.digest.run():
        pass
    later = hub.profiles.of(hub.identities.customer_of(user("u1")))
    assert later.same_as(now)
    assert hub.digest.mark() == hub.history.newest()


class Reading:
    """A history that says how many events were read of people, and how many at a time."""

    def __init__(self, history):
        self._history = history
        self.read = 0

    def of(self, *handles, **which):
        for each in self._history.of(*handles, **which):
            self.read += 1
            yield each

    def __getattr__(self, name):
        return getattr(self._history, name)


def test_of_who_acts_again_while_much_waits_only_what_is_new_is_read(hub):
    past = [event("viewed_page", user(f"old{n}"), minutes=n) for n in range(30)]
    hers = [event("read_material", user("u1"), minutes=n, material="mat_1") for n in range(60)]
    hub.history.put([*past, *hers], upto=1)
    hub.digest.ahead([user("u1")])
    hub.digest._history = reading = Reading(hub.history)
    fresh = [event("bought", user("u1"), minutes=DAY + n) for n in range(3)]
    hub.history.put(fresh, upto=2)
    hub.digest.ahead([user("u1")])
    assert (hub.profiles.of(hub.id_of(user("u1"))).events, reading.read) == (63, 0)

    for odd in (
        event("bought", user("u1"), minutes=-DAY),  # told late
        event("identified", user("u1"), openid("o1"), minutes=2 * DAY),  # she turns out to be more
    ):
        hub.history.put([odd, event("viewed_page", openid("o1"), minutes=3)], upto=3)
        before = hub.profiles.of(hub.id_of(user("u1"))).events
        hub.digest.ahead([user("u1")])
        assert hub.profiles.of(hub.id_of(user("u1"))).events > before
        assert reading.read >= before
    now = hub.profiles.of(hub.id_of(user("u1")))
    assert hub.digest.mark() == 0
    hub.settle()
    assert hub.profiles.of(hub.id_of(openid("o1"))).same_as(now)


def test_in_its_turn_only_what_was_not_digested_ahead_is_read(hub):
    hers = [event("read_material", user("u1"), minutes=n, material="mat_1") for n in range(60)]
    hub.history.put(hers, upto=1)
    hub.digest.ahead([user("u1")])
    fresh = [event("bought", user("u1"), minutes=DAY + n) for n in range(203)]
    hub.history.put(fresh, upto=2)
    hub.digest._history = reading = Reading(hub.history)
    hub.settle()
    now = hub.profiles.of(her := hub.id_of(user("u1")))
    assert (now.events, reading.read) == (263, 0)
    assert now.same_as(hub.digest.counted_again([her])[her])

    hub.history.put([event("bought", user("u1"), minutes=-DAY)], upto=3)  # told late
    hub.settle()
    now = hub.profiles.of(her)
    assert now.events == 264
    assert now.same_as(hub.digest.counted_again([her])[her])


def test_whoever_acts_while_much_waits_is_read_some_at_a_time(hub):
    whom = [user(f"u{n}") for n in range(9)]
    told = [event("viewed_page", her, minutes=n) for n in range(20) for her in whom]
    told.append(event("identified", whom[0], whom[8], minutes=99))
    hub.history.put(told, upto=1)
    parts = list(together(hub.history, whom, most=50))
    assert max(map(len, parts)) <= 50 + 2 * 20
    of = [{each.handle for each in part} for part in parts]
    assert [n for n, part in enumerate(of) if whom[0] in part] == [
        n for n, part in enumerate(of) if whom[8] in part
    ], "who hangs together is read together"
    assert sorted(each.id for part in parts for each in part) == sorted(each.id for each in told)
    assert all(part == sorted(part, key=key_of) for part in parts)
