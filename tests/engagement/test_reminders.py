"""Red dots: made once, counted exactly, put out one by one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from engagement.reminders import KINDS, STAGES, Reminders
from kernel.errors import Invalid, NotFound
from stores.changes import Changes

HER = "phone::13800000001"


@pytest.fixture
def reminders(records, changes, clock):
    return Reminders(records, changes, clock)


def test_a_rep_is_reminded_at_most_once_a_cycle(reminders, changes):
    first = reminders.remind("stf_1", "month_end", HER, "2026-03", evidence={"times": 4})
    assert first is not None
    assert reminders.remind("stf_1", "month_end", HER, "2026-03") is None
    assert reminders.remind("stf_1", "month_end", HER, "2026-04") is not None
    assert reminders.remind("stf_2", "month_end", HER, "2026-03") is not None
    assert [change.act for change in changes.after("").changes] == ["reminded"] * 3


def test_many_at_once_leave_one_reminder(reminders):
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: reminders.remind("stf_1", "birthday", HER, "2026"), range(16))
        )
    assert sum(one is not None for one in made) == 1
    assert reminders.unread("stf_1") == 1


@pytest.mark.rule("R35.1", "R35.2")
def test_opening_puts_out_exactly_that_one_red_dot(reminders):
    one = reminders.remind("stf_1", "birthday", HER, "2026")
    other = reminders.remind("stf_1", "month_end", HER, "2026-03")
    reminders.remind("stf_2", "birthday", HER, "2026")
    assert reminders.unread("stf_1") == 2
    reminders.open(one.id, "stf_1")
    assert reminders.unread("stf_1") == 1
    assert reminders.unread_by_kind("stf_1") == {"month_end": 1}
    reminders.open(one.id, "stf_1")
    assert reminders.unread("stf_1") == 1
    reminders.finish(other.id, "stf_1")
    assert reminders.unread("stf_1") == 0
    assert reminders.unread("stf_2") == 1


def test_two_devices_that_finish_one_at_once_note_it_once(any_records, any_changes, clock):
    reminders = Reminders(any_records, any_changes, clock)
    one = reminders.remind("stf_1", "birthday", HER, "2026")
    other = threading.Thread(target=lambda: reminders.finish(one.id, "stf_1"))
    with any_records.write():
        reminders.finish_about("stf_1", [HER])
        other.start()
        other.join(0.2)  # it waits for us
    other.join()
    assert [change.act for change in any_changes.after("").changes] == ["reminded", "done"]


@pytest.mark.rule("R35.1")
def test_what_is_not_yet_due_shows_no_red_dot(reminders, clock):
    reminders.remind("stf_1", "maturity", HER, "x", due=clock() + timedelta(days=1))
    assert reminders.unread("stf_1") == 0
    assert reminders.page("stf_1").items == []
    clock.move(timedelta(days=1))
    assert reminders.unread("stf_1") == 1


def test_opening_is_told_once_and_anothers_reminder_looks_like_none(reminders, records, clock):
    made = reminders.remind("stf_1", "birthday", HER, "2026")
    with pytest.raises(NotFound):
        reminders.open(made.id, "stf_2")
    with pytest.raises(NotFound):
        reminders.open("rem_nothing", "stf_1")
    reminders.open(made.id, "stf_1")
    clock.move(timedelta(minutes=1))
    assert reminders.open(made.id, "stf_1").opened < clock()
    told = list(Changes(records, clock).after("").changes)
    assert [change.act for change in told] == ["reminded", "opened_reminder"]
    assert {change.handle for change in told} == {HER}


def test_more_evidence_lights_no_red_dot_again(reminders):
    made = reminders.remind("stf_1", "read_your_share", HER, "mat_1:1", evidence={"seconds": 5})
    reminders.open(made.id, "stf_1")
    reminders.tell_more(made.id, {"seconds": 192})
    kept = reminders.one(made.id, "stf_1")
    assert (kept.evidence, kept.unread) == ({"seconds": 192}, False)


def test_a_reminder_under_another_of_her_handles_is_the_same(reminders):
    reminders.remind("stf_1", "birthday", HER, "2026")
    openid = "openid:acc_1:o1"
    assert reminders.remind("stf_1", "birthday", openid, "2026", handles=[HER, openid]) is None
    assert reminders.latest("stf_1", "birthday", [openid], "") is None
    assert reminders.latest("stf_1", "birthday", [HER, openid], "").handle == HER


def test_turning_to_a_customer_finishes_what_is_due_about_her(reminders, clock):
    reminders.remind("stf_1", "birthday", HER, "2026")
    reminders.remind("stf_1", "maturity", HER, "later", due=clock() + timedelta(days=3))
    reminders.remind("stf_1", "birthday", "phone::2", "2026")
    assert reminders.finish_about("stf_1", [HER]) == 1
    assert reminders.unread("stf_1") == 1
    assert reminders.finish_about("stf_1", [HER]) == 0


def test_pages_neither_repeat_nor_skip(reminders, clock):
    for number in range(7):
        reminders.remind("stf_1", "birthday", f"phone::{number}", "2026")
        if number % 2:
            clock.move(timedelta(seconds=1))
    seen, after = [], None
    while True:
        page = reminders.page("stf_1", first=3, after=after)
        seen += [each.handle for each in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == [f"phone::{number}" for number in range(7)]
    with pytest.raises(Invalid):
        reminders.page("stf_1", after="nonsense")


def test_an_unknown_kind_is_refused_and_nothing_is_wrong_with_the_rest(reminders):
    with pytest.raises(Invalid):
        reminders.remind("stf_1", "guess", HER, "x")
    reminders.finish(reminders.remind("stf_1", "birthday", HER, "2026").id, "stf_1")
    assert list(reminders.flaws()) == []


@pytest.mark.rule("R117.1")
def test_every_task_belongs_to_one_of_the_three_operations(reminders):
    told = {kind: reminders.remind("stf_1", kind, HER, "2026").operation.value for kind in KINDS}
    assert set(told.values()) == {"content", "activity", "data"}
    assert (told["read_your_share"], told["vip_gift"], told["month_end"]) == (
        "content", "activity", "data",
    )  # fmt: skip


@pytest.mark.rule("R18.1")
def test_content_and_tasks_carry_one_of_the_four_stages_of_a_transaction(company):
    company.taxonomy.ship(by="li")
    stages = {each.tag.code for each in company.taxonomy.tree("stage")}
    assert len(stages) == 4
    assert set(STAGES.values()) == stages
    assert STAGES.keys() == set(KINDS)
    rep = company.hire("r1")
    her = company.meet(rep=rep)
    task = company.reminders.remind(rep.staff, "birthday", str(her), "2026")
    assert task.stage == "stage.after_sales"
    made = company.materials.create("poster", "生日祝福", tags=[task.stage], by="li")
    (worn,) = company.taxonomy.tags(company.materials.about(made.id))
    assert worn.code == task.stage


@pytest.mark.rule("R120.2")
@pytest.mark.parametrize("code", ["need.emotional", "need.business_ease"])
def test_content_is_tagged_to_a_need_and_so_is_whoever_reads_it(company, code):
    company.taxonomy.ship(by="li")
    need = company.taxonomy.one(code)
    about = company.place("一家人的安心", "家庭")
    company.materials.tag(about, [code], by="li")
    her = company.meet()
    company.tell(company.event("read_material", her, about))
    profile = company.profiles.of(company.id_of(her))
    assert need.id in profile.tags
