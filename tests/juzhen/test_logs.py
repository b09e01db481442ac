"""Logs: one JSON object a line, with the ids of what was done, without a word about a person."""

import contextlib
import io
import json
import logging
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.base import Unanswered
from juzhen import logs
from kernel.secret import Secret
from tests.channels.house import House

CANARY = "13912345678"


@pytest.fixture
def told():
    """The lines that were logged so far, as objects."""
    root, lines = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    with contextlib.redirect_stderr(lines):
        logs.start("info", process="test")
    yield lambda: [json.loads(line) for line in lines.getvalue().splitlines()]
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:], root.level = before


@pytest.fixture
def house(records, people, clock):
    wired = House(records, people, clock)
    yield wired
    wired.close()


def test_what_is_about_a_person_is_named_and_never_told_however_deep_it_stands(told):
    logs.logger().info(
        "heard", phone=CANARY, lines=[{"text": CANARY, "n": 1}], key=Secret(CANARY), account="acc_1"
    )
    (line,) = told()
    assert CANARY not in json.dumps(line)
    assert (line["phone"], line["lines"], line["account"]) == (
        "***",
        [{"text": "***", "n": 1}],
        "acc_1",
    )


def test_a_statement_that_fails_tells_none_of_its_values(told, any_records):
    try:
        with any_records.write() as session:
            session.execute(text("INSERT INTO nowhere VALUES (:phone)"), {"phone": CANARY})
    except DBAPIError:
        logs.logger().exception("duty_failed", duty="x")
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
