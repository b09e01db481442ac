"""ABCDE tells how far the talk has come: one grade each, honest where nothing is heard."""

from datetime import timedelta

import pytest

from data_hub.grades import Grade, graded, tone
from data_hub.profiles import fold
from kernel.calendar import Zone
from kernel.errors import Invalid
from tests.data_hub.telling import MONDAY, event, mobile, user

DAY = 24 * 60
HER = user("u1")
LATER = MONDAY + timedelta(days=30)


def folded(*told):
    events = [event(kind, HER, minutes=minutes) for minutes, kind in told]
    return fold(sorted(events, key=lambda e: (e.at, e.id)), lambda _: (), zone=Zone())


TALKS = [(n, "messaged") for n in range(1, 7)]


@pytest.mark.parametrize(
    ("told", "day", "grade"),
    [
        pytest.param([(0, "followed"), (DAY, "bought")], 30, "A", marks=pytest.mark.rule("R159.1")),
        ([(0, "added_contact"), (DAY + 1, "bought")], 30, "D"),
        ([(0, "followed"), *TALKS, (60, "bought")], 30, "A"),
        ([(0, "bought"), (DAY, "followed"), (2 * DAY, "bought")], 30, "A"),
        ([(0, "bought"), (DAY, "followed"), (2 * DAY + 1, "bought")], 30, "D"),
        pytest.param([(0, "followed"), *TALKS], 30, "B", marks=pytest.mark.rule("R159.2")),
        ([(0, "followed"), (1, "messaged"), *((n, "replied") for n in range(2, 7))], 30, "B"),
        ([(0, "followed"), *((n, "replied") for n in range(2, 9))], 30, "D"),
        pytest.param([(0, "followed"), (1, "messaged")], 6, "B", marks=pytest.mark.rule("R159.2")),
        pytest.param([(0, "followed"), *TALKS[:5]], 8, "C", marks=pytest.mark.rule("R159.3")),
        ([(0, "followed"), (1, "chatted")], 30, "C"),
        pytest.param([(0, "followed"), (1, "opened_link")], 30, "D",
                     marks=pytest.mark.rule("R159.4")),
        pytest.param([(0, "followed"), *TALKS, (9, "removed_contact")], 3, "E",
                     marks=pytest.mark.rule("R159.5")),
        ([(0, "followed"), (1, "bought"), (9, "unfollowed")], 3, "E"),
        ([(0, "followed"), (9, "unfollowed"), (12, "followed")], 30, "D"),
    ],
)  # fmt: skip
def test_exactly_one_grade(told, day, grade):
    now = MONDAY + timedelta(days=day)

    assert graded(folded(*told), now, {"acc_app"}).grade == grade


def test_where_no_source_tells_of_messages_there_are_too_few_data_and_never_a_d():
    quiet = folded((0, "followed"), (1, "opened_link"))
    assert graded(quiet, LATER, {"acc_elsewhere"}).grade is Grade.UNKNOWN
    assert graded(quiet, LATER, ()).reason == "grade_no_source"
    assert graded(folded((0, "followed"), (9, "unfollowed")), LATER, ()).grade is Grade.E


def test_a_talk_that_a_rep_notes_speaks_of_that_customer_and_makes_a_source_for_nobody_else(
    hub, records, changes, clock
):
    """Everybody to whom we did something is known to our own account: that is no ear of hers."""
    clock.move(MONDAY - clock())
    hub.tell(
        event("followed", HER),
        event("followed", user("u2")),
        event("reminded", user("u2"), minutes=1, account="juzhen"),
        event("chatted", HER, minutes=2, account="juzhen"),
    )
    clock.move(timedelta(minutes=5))
    hub.settle()
    ids = [hub.id_of(each) for each in (HER, user("u2"))]
    rows = hub.standings.rows(ids)
    assert [rows[each].grade for each in ids] == ["B", "unknown"]
    profiles, sources = hub.profiles.many(ids), hub.standings.sources()
    told = [tone(profiles[each], clock(), sources) for each in ids]
    assert told == ["calm", "unknown"]


def test_talk_goes_stale_at_the_moment_that_is_named():
    told = graded(folded((0, "followed"), (5, "messaged")), MONDAY, {"acc_app"})

    assert told.until == (MONDAY + timedelta(days=7, minutes=5)).timestamp()


@pytest.mark.rule("R159.6")
def test_a_grade_put_by_hand_counts_until_it_is_lifted_and_is_written_down(hub, clock, changes):
    clock.move(MONDAY - clock())
    hub.tell(event("followed", HER), event("messaged", user("u2"), minutes=1))
    her = hub.id_of(HER)
    assert hub.standings.rows([her])[her].grade == "D"

    with pytest.raises(Invalid):
        hub.standings.grades.rule(HER, "F", note="x", by="li")
    with pytest.raises(Invalid):
        hub.standings.grades.rule(HER, "B", note=" ", by="li")
    hub.standings.grades.rule(HER, "B", note="当面聊过很久", by="li")
    hub.settle()
    row = hub.standings.rows([her])[her]
    assert (row.grade, row.grade_reason) == ("B", "grade_by_hand")
    [change] = [each for each in changes.after("").changes if each.act == "graded"]
    assert (change.by, change.detail) == ("li", {"grade": "B"})
    [kept] = hub.standings.grades.rulings([str(HER)]).values()
    assert (kept.by, kept.note) == ("li", "当面聊过很久")

    hub.standings.grades.lift(HER, by="li")
    hub.settle()
    assert hub.standings.rows([her])[her].grade == "D"


def test_of_two_grades_put_by_hand_the_later_counts_whichever_handle_it_was_put_to(hub, clock):
    clock.move(MONDAY - clock())
    hub.tell(event("identified", HER, mobile()))
    her = hub.id_of(HER)
    for handle, grade in ((mobile(), "B"), (HER, "C"), (mobile(), "A")):
        clock.move(timedelta(minutes=1))
        hub.standings.grades.rule(handle, grade, note="当面聊过", by="li")
        hub.settle()
        assert hub.standings.rows([her])[her].grade == grade


@pytest.mark.rule("R159.5")
def test_who_removes_us_is_an_e_whatever_was_put_by_hand_before(hub, clock):
    clock.move(MONDAY - clock())
    hub.tell(event("followed", HER))
    her = hub.id_of(HER)
    hub.standings.grades.rule(HER, "B", note="当面聊过很久", by="li")
    hub.settle()
    assert hub.standings.rows([her])[her].grade == "B"

    clock.move(timedelta(minutes=10))
    hub.tell(event("unfollowed", HER, minutes=5))
    row = hub.standings.rows([her])[her]
    assert (row.grade, row.grade_reason) == ("E", "grade_removed")

    hub.standings.grades.rule(HER, "C", note="换了号又加回来", by="li")
    hub.settle()
    assert hub.standings.rows([her])[her].grade == "C"
