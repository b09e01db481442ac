"""Logs: one JSON object a line, with the ids of what was done, without a word about a person."""

import contextlib
import io
import json
import logging
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.base import Unanswered
from juzhen.logs import start
from kernel import logs
from kernel.logs import OURS
from kernel.secret import Secret
from tests.channels.house import House

CANARY = "13912345678"


@pytest.fixture
def told():
    """The lines that were logged so far, as objects."""
    root, lines = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level, OURS.level
    with contextlib.redirect_stderr(lines):
        start("info", process="test")
    yield lambda: [json.loads(line) for line in lines.getvalue().splitlines()]
    root.handlers[:], root.level, OURS.level = before


@pytest.fixture
def house(records, people, clock):
    wired = House(records, people, clock)
    yield wired
    wired.close()


def test_what_is_about_a_person_is_named_and_never_told_however_deep_it_stands(told):
    logs.info(
        "heard", phone=CANARY, lines=[{"text": CANARY, "n": 1}], key=Secret(CANARY), account="acc_1"
    )
    (line,) = told()
    assert CANARY not in json.dumps(line)
    assert (line["phone"], line["lines"], line["account"]) == (
        "***",
        [{"text": "***", "n": 1}],
        "acc_1",
    )


def test_what_is_bound_is_on_every_line_in_between_and_the_process_on_all(told):
    with logs.bound(delivery="dlv_1"), logs.bound(account="acc_1"):
        logs.warning("later")
    logging.getLogger("a.library").warning("100 % sure")
    logs.info("done", at=1)

    first, theirs, last = told()
    assert [each["process"] for each in (first, theirs, last)] == ["test"] * 3
    assert (first["level"], first["event"], first["delivery"], first["account"]) == (
        "warning", "later", "dlv_1", "acc_1",
    )  # fmt: skip
    assert (theirs["event"], "delivery" in theirs) == ("100 % sure", False)
    assert (last["at"], "delivery" in last) == (1, False)


def test_a_statement_that_fails_tells_none_of_its_values(told, any_records):
    try:
        with any_records.write() as session:
            session.execute(text("INSERT INTO nowhere VALUES (:phone)"), {"phone": CANARY})
    except DBAPIError as failure:
        logs.error("duty_failed", failure, duty="x")
    (line,) = told()
    assert "nowhere" in line["exception"]
    assert CANARY not in json.dumps(line)


def test_a_line_of_a_delivery_names_it_and_so_does_a_failure_nobody_foresaw(told, house):
    account = house.account()
    house.placed(house.material("一"), account)
    house.board.trouble = [Unanswered("no_answer"), ZeroDivisionError("a bug of ours")]
    house.work()
    (delivery,) = house.deliveries.page().items
    (line,) = [each for each in told() if each["event"] == "platform_refused"]
    assert (line["delivery"], line["account"], line["code"]) == (
        delivery.id, account.id, "channel_unanswered",
    )  # fmt: skip

    house.clock.move(timedelta(hours=1))
    with pytest.raises(ZeroDivisionError) as failed:
        house.work()
    assert delivery.id in " ".join(failed.value.__notes__)
