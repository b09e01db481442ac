"""A mass send at size: ten thousand customers (three hundred outside a soak), one task a rep, and
every customer told apart."""

from collections import Counter
from datetime import timedelta

import pytest

from channels.broadcasts.record import Phase
from channels.deliveries import State
from channels.mailings.keeper import _group
from tests.channels.mailer import CORP, Mailer
from tests.sizes import SOAK, sized

MANY = sized(300, 10_000)
pytestmark = pytest.mark.timeout(3_600 if SOAK else 600)


@pytest.fixture
def crowd(platform, process, clock):
    """So many people, two of three of whom are zhang's and the others li's; it is noon."""
    at = platform.world.clock()
    noon = at.replace(hour=4, minute=0, second=0, microsecond=0)  # in Shanghai
    noon += timedelta(days=noon <= at)
    platform.control("clock", {"seconds": (noon - at).total_seconds()})
    clock.now = noon
    rows = [
        {"external": f"wm{number:030}", "userid": "li" if number % 3 == 0 else "zhang"}
        for number in range(MANY)
    ]
    with process.world.ledger.turn() as db:
        for table in ("wc_people", "wc_friends"):
            db.execute(f"delete from {table}")
        db.executemany(
            "insert into wc_people values (:external, :corp, '', :external)",
            [{**each, "corp": CORP} for each in rows],
        )
        db.executemany(
            "insert into wc_friends (corp, userid, external, since, state)"
            " values (:corp, :userid, :external, 0, '')",
            [{**each, "corp": CORP} for each in rows],
        )
    return rows


@pytest.fixture
def house(records, people, platform, crowd, clock):
    made = Mailer(records, people, clock, platform.url)
    made.friends(crowd)
    yield made
    made.close()


def test_everybody_is_in_one_task_and_is_told_apart_once(house, platform, crowd, clock):
    sent = house.broadcasts.create("春天", "wecom", everybody="人人有份", words="春天好", by="t")
    house.mail()
    tasks = platform.seen["tasks"]
    reached = Counter(each["external"] for task in tasks for each in task["sends"])
    assert len(tasks) == 2
    assert reached == dict.fromkeys((each["external"] for each in crowd), 1)
    gone = [each for each in crowd if each["userid"] == "li"][:7]
    for each in gone:
        platform.act("leave", **each)
    for task in tasks:
        platform.act("confirm", userid=task["sends"][0]["userid"], msgid=task["msgid"])
    clock.move(timedelta(minutes=10))
    house.mail()
    counts = house.broadcasts.counts([sent.id])[sent.id]
    assert counts.states == {State.DONE: MANY - len(gone), State.REFUSED: len(gone)}
    assert counts.reasons == {"recipient_gone": len(gone)}
    assert house.broadcasts.phase(house.broadcasts.one(sent.id), counts) is Phase.FINISHED
    heard = Counter(each["external"] for each in platform.seen["heard"])
    assert heard.total() == len(heard) == MANY - len(gone)


def test_who_is_still_to_be_asked_is_looked_for_in_the_accounts_own_queue(records, clock):
    """Else each of ten thousand who wait was looked for among all of them: hours, not seconds."""
    asked = (
        _group().params(now=clock()).compile(records.engine, compile_kwargs={"literal_binds": True})
    )
    plan = [row[-1] for row in records.rows(f"EXPLAIN QUERY PLAN {asked}")]
    (inner,) = [step for step in plan if "deliveries_1" in step]
    assert "ix_deliveries_lane (account=? AND state=? AND lane=?" in inner
