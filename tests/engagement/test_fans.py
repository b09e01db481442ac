"""Who asks under a video is a task with an hour, for her rep or for whoever answers there (R58)."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.accounts import Accounts, Sealer
from engagement.fans import Fans, answer_by
from engagement.triggers import Triggers
from juzhen.settings import BadSetting, load
from kernel.calendar import Hours, Zone
from kernel.events import Event, Handle

SHANGHAI = timedelta(hours=8)
HALF_AN_HOUR = timedelta(minutes=30)


def local(day, hour, minute=0):
    """A moment in Shanghai in March 2026; the 2nd was a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - SHANGHAI


@pytest.mark.rule("R58.1")
@pytest.mark.parametrize(
    ("asked", "until"),
    [
        (local(2, 10), local(2, 10, 30)),
        (local(2, 17, 30), local(2, 18)),
        (local(2, 17, 40), local(3, 9, 10)),  # the rest of it the next morning
        (local(2, 20), local(3, 9, 30)),
        (local(3, 3), local(3, 9, 30)),
        (local(6, 18), local(9, 9, 30)),  # a Friday evening: on Monday
        (local(7, 12), local(9, 9, 30)),
    ],
)
def test_the_time_to_answer_runs_in_the_companys_hours(asked, until):
    assert Hours().after(asked, HALF_AN_HOUR, Zone()) == until


@pytest.mark.parametrize("spelled", ["", "1-5", "0-5 09:00-18:00", "5-1 09:00-18:00", "1 18-09"])
def test_hours_that_are_none_are_refused(spelled, tmp_path):
    with pytest.raises(BadSetting, match="COMPANY_HOURS"):
        load({"JUZHEN_COMPANY_HOURS": spelled}, home=tmp_path)


@pytest.fixture
def there(company, records, changes, clock):
    """A creator's account, on which Li answers whom nobody looks after, and an official one."""
    clock.now = local(2, 10)
    accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    made = {"li": company.hire("li"), "wang": company.hire("wang", name="王")}
    made["video"] = accounts.add(
        code="dy", name="抖音", kind="douyin", ecosystem="video", settings={"answered_by": "li"},
        by="li",
    )  # fmt: skip
    made["oa"] = accounts.add(code="oa", name="号", kind="wechat_oa", ecosystem="wechat", by="li")
    fans = Fans(accounts, company.customers, company.staff, company.zone, Hours(), HALF_AN_HOUR)
    company.triggers = Triggers(
        records=records, findings=company.findings,
        history=company.history, reminders=company.reminders, profiles=company.profiles,
        identities=company.identities, customers=company.customers, staff=company.staff,
        clock=clock, zone=company.zone, fans=fans,
    )  # fmt: skip
    return made


def says(company, account, fan, kind, number):
    at = company.clock()
    company.tell(
        Event(id=f"f{number}", kind=kind, at=at, received=at, account=account.id,
              handle=Handle("open_id", account.id, fan))
    )  # fmt: skip
    while company.triggers.follow():
        pass


def asks(company, rep):
    return [dot for dot in company.reminders.page(rep.staff).items if dot.kind == "fan_asks"]


@pytest.mark.rule("R58.1")
@pytest.mark.parametrize("kind", ["commented", "messaged"])
def test_a_fans_comment_or_message_is_a_task_with_its_hour(company, there, kind):
    says(company, there["video"], "f1", kind, 1)
    (dot,) = asks(company, there["li"])
    assert dot.evidence["asked"] == kind
    assert answer_by(dot.evidence) == local(2, 10, 30)
    handle = Handle("open_id", there["video"].id, "f1")
    assert company.customers.rep_of([handle]) == there["li"].staff


def test_it_is_her_own_reps_task_where_she_has_one(company, there):
    handle = Handle("open_id", there["video"].id, "f1")
    company.customers.entrust(handle, there["wang"].staff, by="li")
    says(company, there["video"], "f1", "commented", 1)
    assert len(asks(company, there["wang"])) == 1
    assert asks(company, there["li"]) == []


def test_who_writes_again_before_she_is_answered_moves_no_hour(company, there, clock):
    says(company, there["video"], "f1", "messaged", 1)
    clock.move(timedelta(minutes=20))
    says(company, there["video"], "f1", "messaged", 2)
    (dot,) = asks(company, there["li"])
    assert answer_by(dot.evidence) == local(2, 10, 30)
    company.reminders.finish(dot.id, there["li"].staff)
    says(company, there["video"], "f1", "messaged", 3)
    (again,) = asks(company, there["li"])
    assert answer_by(again.evidence) == local(2, 10, 50)


def test_an_answer_on_the_platform_itself_is_an_answer(company, there, clock):
    says(company, there["video"], "f1", "messaged", 1)
    says(company, there["video"], "f2", "messaged", 2)
    clock.move(timedelta(minutes=3))
    says(company, there["video"], "f1", "replied_on_platform", 3)
    (left,) = asks(company, there["li"])
    assert left.handle == f"open_id:{there['video'].id}:f2"
    says(company, there["video"], "f1", "messaged", 4)
    assert len(asks(company, there["li"])) == 2


def test_what_is_said_elsewhere_is_no_fans_question(company, there):
    says(company, there["oa"], "f1", "messaged", 1)
    assert asks(company, there["li"]) == []
