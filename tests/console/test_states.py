"""How a placement stands with its platform, in words and colour, follows from what is kept."""

from datetime import timedelta

import pytest

from channels.deliveries import Delivery
from content_hub.placements import Placement
from juzhen.console import states
from tests.conftest import MONDAY

HOUR = timedelta(hours=1)


def placement(**more):
    return Placement(
        material="mat_1", account="acc_1", opens=MONDAY, closes=MONDAY + HOUR, placed_by="li",
        placed_at=MONDAY, **more,
    )  # fmt: skip


def delivery(state="done", progress="", **more):
    return Delivery(
        account="acc_1", occasion="plc_1", created=MONDAY, state=state, progress=progress, **more
    )


@pytest.mark.parametrize(
    ("after", "told", "look", "words"),
    [
        (-HOUR, None, "wait", "state_waiting"),
        (0 * HOUR, None, "wait", "state_due"),
        (0 * HOUR, delivery("due"), "wait", "state_due"),
        (0 * HOUR, delivery("sending"), "wait", "state_sending"),
        (0 * HOUR, delivery("submitted", "submitted"), "wait", "state_submitted"),
        (0 * HOUR, delivery("done", "shown"), "good", "state_shown"),
        (0 * HOUR, delivery("refused", "refused"), "bad", "state_refused"),
        (0 * HOUR, delivery("parked"), "bad", "state_parked"),
        (0 * HOUR, delivery("unknown"), "warn", "state_unknown"),
        (0 * HOUR, delivery("awaiting_person"), "warn", "state_awaiting_person"),
        (0 * HOUR, delivery("cancelled"), "over", "state_cancelled"),
        (HOUR, delivery("done", "shown"), "warn", "state_withdrawing"),
        (HOUR, delivery("withdrawn", "withdrawn"), "over", "state_withdrawn"),
        (HOUR, None, "over", "state_ended"),
    ],
)
def test_a_placement_is_told_in_words_and_colour(after, told, look, words):
    shown = states.of_placement(placement(), told, MONDAY + after, "zh", pulled=False)

    assert (shown.look, shown.words) == (look, words)


def test_what_a_front_end_asks_for_itself_is_shown_while_it_stands():
    shown = states.of_placement(placement(), None, MONDAY, "zh", pulled=True)

    assert shown.words == "state_shown"


@pytest.mark.parametrize(
    ("progress", "words"), [("shown", "state_withdrawing"), ("", "state_retired")]
)
def test_what_was_retired_is_on_its_way_down(progress, words):
    told = delivery("done", progress) if progress else None
    shown = states.of_placement(placement(retired=MONDAY), told, MONDAY, "zh", pulled=False)

    assert shown.words == words
