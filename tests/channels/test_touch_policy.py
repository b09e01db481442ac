"""The gate in front of every marketing touch: places are decided on and taken in one act."""

import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from channels.touch_policy import Verdict
from channels.touch_policy.policy import Caps
from channels.touch_policy.record import Touched
from data_hub.findings import Found
from data_hub.identities import Identities
from kernel.errors import Invalid
from kernel.events import Handle
from stores.changes import Change
from tests.channels.touching import CUT, PROMO, SHANGHAI, Gate, moods_of
from tests.data_hub.telling import event


@pytest.fixture
def noon(clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info)
    return clock


@pytest.fixture
def gate(records, noon):
    return Gate(records, noon)


@pytest.fixture
def any_gate(any_records, noon):
    return Gate(any_records, noon)


@pytest.mark.rule("R45.1")
def test_one_counter_for_a_person_whatever_handle_reaches_her(gate):
    gate.circle.add("phone::1", "openid:oa:1", "user:app:1")
    assert gate.say("phone::1", "sms").passes
    refused = gate.say("openid:oa:1", "wechat_oa")
    assert (refused.verdict, refused.reason) == (Verdict.DELAY, "capped_overall")
    assert gate.say("openid:oa:2", "wechat_oa").passes


@pytest.mark.rule("R45.1")
def test_merging_two_handles_merges_what_was_counted(gate):
    gate.say("phone::1")
    gate.circle.add("phone::1", "user:app:1")
    assert gate.say("user:app:1").reason == "capped_overall"


@pytest.mark.rule("R45.2")
def test_three_in_a_week_and_not_a_fourth(gate):
    passed = []
    for _ in range(14):
        passed.append(gate.say().passes)
        gate.days(1)
    assert sum(passed[:7]) == 3
    assert all(sum(passed[n : n + 7]) <= 3 for n in range(8))


def test_a_place_is_free_again_when_the_send_did_not_happen(gate):
    touch = gate.touch()
    assert gate.policy.reserve([touch], by="t").decisions[touch.key].passes
    assert not gate.say().passes
    gate.policy.release([touch.key])
    gate.policy.release([touch.key])
    assert gate.say().passes


def test_asking_again_under_the_same_key_answers_the_same_place(gate):
    touch = gate.touch()
    for _ in range(3):
        assert gate.policy.reserve([touch], by="t").decisions[touch.key].passes
    assert len(gate.policy.taken(["phone::1"])) == 1


def test_a_place_of_yesterday_is_no_place_today(gate):
    touch = gate.touch()
    gate.policy.reserve([touch], by="t")
    gate.days(1)
    assert not gate.policy.begin([touch.key])
    gate.policy.reserve([touch], by="t")
    assert gate.policy.begin([touch.key]) == {touch.key}
    (row,) = gate.policy.taken(["phone::1"])
    assert (row.day, row.held) == (SHANGHAI.day(gate.clock()).toordinal(), False)


def test_the_hour_and_her_mood_are_asked_again_when_it_begins(gate, people, changes):
    moods = moods_of(gate, people)
    touch = gate.touch()
    gate.policy.reserve([touch], by="t")
    moods.hold("phone::1", "open_complaint", days=3, by="li")
    assert not gate.policy.begin([touch.key])
    moods.lift(["phone::1"], by="li")
    gate.policy.reserve([touch], by="t")
    gate.clock.move(timedelta(hours=9, minutes=30))
    assert not gate.policy.begin([touch.key])


@pytest.mark.rule("R45.2")
def test_the_last_place_goes_to_the_higher_priority_then_to_what_ends_first(any_gate):
    soon, late = (any_gate.clock() + timedelta(days=n) for n in (1, 2))
    touches = [
        any_gate.touch(key="low", priority=10),
        any_gate.touch(key="late", priority=60, expires=late),
        any_gate.touch(key="soon", priority=60, expires=soon),
    ]
    told = any_gate.policy.reserve(touches, by="t").decisions
    assert [key for key, decision in told.items() if decision.passes] == ["soon"]


def test_who_came_first_gives_way_to_what_matters_more_until_it_has_begun(any_gate):
    low, high = any_gate.touch(priority=10), any_gate.touch(priority=90)
    any_gate.policy.reserve([low], by="t")
    told = any_gate.policy.reserve([high], by="t")
    assert told.decisions[high.key].passes
    assert told.outranked == [low.key]
    assert not any_gate.policy.begin([low.key])
    assert any_gate.policy.begin([high.key]) == {high.key}
    higher = any_gate.touch(priority=100)
    told = any_gate.policy.reserve([higher], by="t")
    assert (told.decisions[higher.key].passes, told.outranked) == (False, [])


def test_only_what_stands_in_the_way_is_outranked(gate):
    gate.policy.tune({"day": 2}, by="t")
    elsewhere, here = gate.touch(channel="sms", priority=5), gate.touch(channel="app", priority=9)
    gate.policy.reserve([elsewhere, here], by="t")
    more = gate.touch(channel="app", priority=50, material="m")
    gate.policy.tune({"day": 9}, by="t")
    assert gate.policy.reserve([more], by="t").outranked == [here.key]


@pytest.mark.rule("R44.1", "R44.2")
@pytest.mark.parametrize(
    ("kind", "evidence", "ends"),
    [
        ("complained", {}, "complaint_settled"),
        ("case_opened", {}, "case_closed"),
        ("messaged", {"sentiment": "negative"}, ""),
    ],
)
def test_what_the_digest_found_holds_marketing(gate, people, changes, kind, evidence, ends):
    moods = moods_of(gate, people)

    def found(kind, **evidence):
        with people.write() as session:
            session.add(
                Found(
                    key=f"{kind}:{gate.clock()}", customer="c", handle="phone::1", kind=kind,
                    at=gate.clock(), evidence=evidence,
                )
            )  # fmt: skip

    found(kind, **evidence)
    assert moods.follow(14) == 1
    assert moods.follow(14) == 0
    gate.circle.add("phone::1", "user:app:1")
    held = gate.say("user:app:1")
    assert (held.verdict, held.reason) == (Verdict.DELAY, "her_mood_holds_it")
    assert gate.say("user:app:1", purpose="service").passes
    gate.days(1)
    if ends:
        found(ends)
        moods.follow(14)
    else:
        gate.days(13)
    assert gate.say("user:app:1").passes


class Story:
    """What the digest finds about her, at moments of its own, on two handles of hers."""

    PHONE, APP = "phone::13800138000", "user:app:1"

    def __init__(self, gate, people):
        self.gate, self.moods, self._people = gate, moods_of(gate, people), people
        gate.circle.add(self.PHONE, self.APP)
        link = event("identified", Handle.parse(self.APP), Handle.parse(self.PHONE))
        identities = Identities(people, gate.records, gate.changes, gate.clock)
        identities.keep(identities.work_out([link]))

    def found(self, kind, handle=PHONE, ago=0.0, **evidence):
        at = self.gate.clock() - timedelta(days=ago)
        told = Found(
            key=f"{kind}:{handle}:{at}:{evidence}", customer="c", handle=handle, kind=kind, at=at,
            evidence=evidence,
        )  # fmt: skip
        with self._people.write() as session:
            session.add(told)
        self.moods.follow(14)
        self.gate.clock.move(timedelta(seconds=1))

    @property
    def held(self):
        return not self.gate.say(self.APP, channel="sms").passes


@pytest.fixture
def story(gate, people):
    gate.policy.tune({"day": 9, "week": 60, "channel_day": 9, "channel_week": 60}, by="t")
    return Story(gate, people)


@pytest.mark.rule("R44.1")
def test_a_case_that_is_closed_about_another_handle_of_hers_holds_nothing_more(story):
    story.found("complained", Story.APP)
    assert story.held
    story.found("complaint_settled", Story.PHONE)
    assert not story.held


@pytest.mark.rule("R44.1")
def test_of_two_open_cases_the_other_one_still_holds(story):
    story.found("case_opened", case="1")
    story.found("case_opened", Story.APP, case="2")
    story.found("case_closed", case="1")
    assert story.held
    story.found("case_closed", case="2")
    assert not story.held


@pytest.mark.rule("R44.1")
def test_a_case_without_a_number_is_closed_with_all_of_its_kind(story):
    story.found("case_opened")
    story.found("complained")
    story.found("case_closed", case="7")
    assert story.held, "she complained, too"
    story.found("complaint_settled")
    assert not story.held


@pytest.mark.rule("R44.1")
@pytest.mark.parametrize("order", [(2, 1), (1, 2)])
def test_a_case_that_was_over_before_we_heard_of_it_holds_nothing(story, order):
    """Yesterday's events come in one import, or the end before the beginning."""
    kinds = {2: "case_opened", 1: "case_closed"}
    for ago in order:
        story.found(kinds[ago], ago=ago, case="1")
    assert not story.held
    story.found("case_opened", case="2")
    story.found("case_closed", ago=1.5)
    assert story.held, "what was closed before it began"


@pytest.mark.rule("R44.1")
def test_a_kind_word_ends_what_an_unkind_one_began(story):
    story.found("messaged", sentiment="negative", ago=0.1)
    story.found("messaged", Story.APP)
    assert story.held, "it says nothing of her mood"
    story.found("messaged", Story.APP, sentiment="positive")
    assert not story.held
    story.moods.hold(Story.PHONE, "negative_mood", days=3, by="li")
    story.found("messaged", sentiment="positive")
    assert story.held, "what a person held"
    story.gate.days(3)
    assert not story.held


def test_a_rep_insists_once_a_day_and_it_is_written_down(gate):
    assert gate.say().passes
    advised = gate.say(rep="stf_1")
    assert advised.reason == "capped_overall"
    assert gate.say(rep="stf_1", override="她要的").forced
    with gate.records.read() as session:
        (change,) = session.query(Change).filter(Change.act == "overrode_touch_policy")
    assert change.handle == "phone::1"
    assert change.detail["reason"] == "capped_overall"
    assert "她要的" not in str(change.detail)  # it goes with her, and the log stays
    assert [row.override for row in gate.policy.taken(["phone::1"]) if row.forced] == ["她要的"]
    assert not gate.say(rep="stf_1", override="再发一次").passes


def test_what_a_person_said_is_counted_by_what_it_was(gate):
    gate.contents.known["mat_1"] = PROMO
    gate.say(material="mat_1")
    gate.say(purpose="service")
    rows = gate.policy.taken(["phone::1"])
    assert sorted((row.kind, row.promo) for row in rows) == [
        ("marketing", True), ("service", False),
    ]  # fmt: skip
    assert gate.policy.begin([row.key for row in rows if row.promo])


def test_the_allowance_says_what_matching_may_offer(gate):
    her = gate.circle.add("phone::1", vip=True, lifecycle="active")
    gate.policy.tune({"day": 2}, by="t")
    told = gate.policy.allowance(her.handles[0])
    assert (told.left, told.promo, told.price_cut, told.against) == (2, False, False, ())
    gate.say(material="mat_1")
    told = gate.policy.allowance(her.handles[0])
    assert (told.left, told.tired_of) == (1, {"mat_1"})
    days = timedelta(days=gate.policy.policy().tired_days)
    for later, tired in ((days - timedelta(days=1), {"mat_1"}), (days, set())):
        gate.clock.move(later)
        assert gate.policy.allowance(her.handles[0]).tired_of == tired
        gate.clock.move(-later)
    gate.circle.add("phone::2", lifecycle="sleeping")
    asleep = gate.policy.allowance("phone::2")
    assert (asleep.only_large_promo, asleep.promo, asleep.left > 0) == (True, True, True)
    gate.clock.move(timedelta(hours=12))
    night = gate.policy.allowance("phone::2")
    assert (night.left, night.only_large_promo, night.promo) == (0, True, True)
    assert [each.rule for each in night.against] == ["quiet_hours"]
    gate.circle.add("phone::3", lifecycle="new")
    assert gate.policy.allowance("phone::3").promo


def test_the_settings_are_the_companys_and_every_process_sees_them(gate):
    other = Gate(gate.records, gate.clock)
    assert other.policy.policy().day == 1
    gate.policy.tune({"day": 2, "quiet_from": "22:00"}, by="li")
    assert other.policy.policy().day == 2
    gate.policy.tune({"day": 1}, by="li")
    assert (other.policy.policy().day, f"{other.policy.policy().quiet_from:%H}") == (1, "22")
    with pytest.raises(Invalid):
        gate.policy.tune({"nights": 1}, by="li")


def test_the_platforms_cap_counts_if_it_is_stricter(records, noon):
    gate = Gate(records, noon, platform=lambda kind, day: Caps(month=4 if kind == "oa" else None))
    gate.policy.tune({"month": 30, "channel_month": 30, "tired_days": 0}, by="t")
    passed = []
    for _ in range(12):
        passed.append(gate.say(channel="oa").passes)
        gate.days(2)
    assert sum(passed) == 4


def test_no_more_than_a_slice_is_decided_at_once(gate):
    with pytest.raises(Invalid):
        gate.policy.reserve([gate.touch(f"phone::{n}") for n in range(501)], by="t")
    assert len(gate.policy.reserve([], by="t").decisions) == 0


def test_explaining_takes_no_place(gate):
    vip = gate.circle.add("phone::1", vip=True)
    gate.contents.known["mat_1"] = CUT
    told = gate.policy.explain(gate.touch(vip.handles[0], material="mat_1"))
    assert told.reason == "no_price_cut_for_vip"
    assert gate.policy.taken(vip.handles) == []


def marketing_by_day(records):
    with records.read() as session:
        rows = session.query(Touched).filter(Touched.kind == "marketing")
        return Counter((row.handle.partition("::")[2].split("/")[0], row.day) for row in rows)


@pytest.mark.rule("R45.3")
def test_racing_planners_never_exceed_the_cap(any_gate):
    """64 planners want the same five persons, each by another of her handles."""
    for person in range(5):
        any_gate.circle.add(*(f"phone::{person}/{n}" for n in range(4)))

    def plan(number):
        touches = [any_gate.touch(f"phone::{p}/{number % 4}") for p in range(5)]
        any_gate.policy.reserve(touches, by="t")

    threads = [threading.Thread(target=plan, args=(n,)) for n in range(64)]
    for batch in range(0, 64, 8):
        for thread in threads[batch : batch + 8]:
            thread.start()
        for thread in threads[batch : batch + 8]:
            thread.join()
    counted = marketing_by_day(any_gate.records)
    assert len(counted) == 5
    assert set(counted.values()) == {1}


@pytest.mark.rule("R45.3")
def test_racing_processes_never_exceed_the_cap(any_records_url, any_records, noon):
    """F28 in small: campaigns in four processes want the same customers."""
    racer = [sys.executable, "-m", "tests.channels.gate_racer", any_records_url, "4", "12", "3"]
    told = subprocess.run(
        racer, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert told.returncode == 0, told.stderr
    passed = sum(json.loads(line)["passed"] for line in told.stdout.splitlines())
    counted = marketing_by_day(any_records)
    assert passed == sum(counted.values())
    assert len(counted) == 12
    assert set(counted.values()) == {1}
