"""What she turns to at this time of day rather than at others moves her list, and is said."""

from datetime import UTC, datetime, timedelta

import pytest

from content_hub.products import Products
from kernel.calendar import Zone
from matching.hours import days
from matching.scoring import total_of

DAY = timedelta(days=1)
MORNING, EVENING = timedelta(hours=8), timedelta(hours=20)
ZONE = Zone()


@pytest.fixture
def reader(company):
    """Read markets on five mornings and health on five evenings, each as much as the other; one
    content of each kind is still unread."""
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    midnight = company.zone.at(company.zone.day(company.clock()))
    for back in range(1, 6):
        for hour, topic in ((MORNING, "行情"), (EVENING, "健康")):
            at = midnight - back * DAY + hour
            read = company.place(f"{topic}{back}", topic)
            event = company.event("read_material", handle, read, ago=company.clock() - at)
            company.tell(event)
    unread = {topic: company.place(f"新的{topic}", topic) for topic in ("行情", "健康")}
    return handle, rep, unread


def at_hour(company, hour):
    """Go on to the next time that it is so late."""
    next_day = company.zone.at(company.zone.day(company.clock())) + DAY
    company.clock.move(next_day + hour - company.clock())


@pytest.mark.parametrize(("hour", "topic"), [(MORNING, "行情"), (EVENING, "健康")])
def test_the_same_customer_is_told_in_the_morning_what_she_reads_in_the_morning(
    company, reader, hour, topic
):
    handle, rep, unread = reader
    at_hour(company, hour)
    listed = company.offer(handle, rep).told()
    assert listed[0].material == unread[topic]
    (reason,) = [each for each in listed[0].reasons if each.kind == "hour"]
    assert 0 < reason.weight <= 0.1
    assert reason.evidence["days"] == 5
    assert reason.evidence["others"] == 0
    begins, ends = reason.evidence["hours"]
    assert begins <= hour.total_seconds() / 3_600 < ends
    for language, words in (("zh", f"5 天在 {begins}:00–{ends}:00"), ("en", "on 5 days between")):
        assert words in reason.text(language)
    assert listed[0].score == pytest.approx(total_of(listed[0].reasons), abs=1e-9)
    others = [each for item in listed[1:] for each in item.reasons if each.kind == "hour"]
    assert not others, "the other topic is not of this hour"


def test_a_product_that_contents_speak_of_is_no_topic_of_an_hour(company, reader):
    """It has no name among the topics: the sentence would have a gap."""
    handle, rep, unread = reader
    products = Products(company.records, company.changes, company.clock)
    products.add("FUND", "一号基金", price="见页面", by="li")
    for each in {unread["行情"], *(each.material for each in looked(company, handle))}:
        company.materials.edit(each, fields={"product_code": "FUND"}, by="li")
    at_hour(company, MORNING)
    listed = company.offer(handle, rep).told()
    told = [each for item in listed for each in item.reasons if each.kind == "hour"]
    assert {each.evidence["tag"] for each in told} == {company.tag("行情")}


def looked(company, handle):
    return company.profiles.of(company.id_of(handle)).recent()[1::2]


def test_what_has_left_the_shelf_is_counted_in_the_words_all_the_same(company, reader):
    handle, rep, _ = reader
    gone = company.place("下架的行情", "行情")
    midnight = company.zone.at(company.zone.day(company.clock()))
    at = midnight - 9 * DAY + MORNING
    company.tell(company.event("read_material", handle, gone, ago=company.clock() - at))
    company.shelf.retire(gone, by="li")
    at_hour(company, MORNING)
    first = company.offer(handle, rep).told()[0]
    (reason,) = [each for each in first.reasons if each.kind == "hour"]
    assert reason.evidence["days"] == 6


def test_one_long_evening_is_no_habit(company):
    """Six contents about health on one of three evenings, and none about it at other hours."""
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    midnight = company.zone.at(company.zone.day(company.clock()))
    evenings = [("健康", 1)] * 6 + [("行情", 2), ("行情", 3)]
    for number, (topic, back) in enumerate(evenings):
        read = company.place(f"{topic}{number}", topic)
        at = midnight - back * DAY + EVENING + timedelta(minutes=number)
        company.tell(company.event("read_material", handle, read, ago=company.clock() - at))
    for back in range(1, 5):
        read = company.place(f"早上的行情{back}", "行情")
        at = midnight - back * DAY + MORNING
        company.tell(company.event("read_material", handle, read, ago=company.clock() - at))
    company.place("新的健康", "健康")
    at_hour(company, EVENING)
    (item,) = company.offer(handle, rep).told()
    assert not [each for each in item.reasons if each.kind == "hour"]


def test_an_evening_that_goes_over_midnight_is_one():
    now = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 at home
    hers = days([now - timedelta(hours=1), now + timedelta(hours=1)], now, ZONE)
    assert (hers.begins, hers.ends) == (21, 2)
    assert hers.all == (1, 0)
    assert len(set(hers.of)) == 1
    later = days([now + timedelta(hours=2, minutes=29), now + timedelta(hours=2.5)], now, ZONE)
    assert later.all == (1, 1), "from two o'clock on it is night"


def test_by_summer_time_too_it_is_the_hour_that_her_clock_showed():
    berlin = Zone("Europe/Berlin")
    winter, summer = datetime(2026, 1, 5, 7, tzinfo=UTC), datetime(2026, 7, 6, 6, tzinfo=UTC)
    early = summer - timedelta(hours=2, minutes=1)  # 05:59 by her clock, 06:00 is this time
    hers = days([winter, summer, early], summer, berlin)
    assert (hers.begins, hers.ends) == (6, 11)
    assert hers.all == (2, 1)
