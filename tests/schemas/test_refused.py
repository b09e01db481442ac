"""Refused events through GraphQL: what they were, and the verb that tries them again."""

from itertools import count

from data_hub.intake import Intake
from data_hub.refusals import Refusals
from kernel.actors import Actor, Role
from kernel.events import Refusal
from stores.journal import SharedCommit
from stores.sqlite.journal import SqliteJournal

ADMIN = Actor(id="stf_x", role=Role.ADMIN, staff="stf_x")
ASK = """{ refusedEvents { door reason field sentence count waiting last sample } }"""
REPLAY = """mutation($dry: Boolean) { replayRefused(input: {reason: "not_a_time", dryRun: $dry}) {
  replay { accepted stillRefused } problems { code } } }"""


def test_refused_events_are_listed_and_tried_again(house, tmp_path, clock):
    journal = SqliteJournal(tmp_path / "journal", durability="process")
    commit = SharedCommit(journal)
    took = count(1)
    house.refusals = Refusals(
        house.history, Intake(commit, clock), house.changes,
        lambda told: house.event("searched", house.meet()) if next(took) < 4 else None,
    )  # fmt: skip
    refused = [
        Refusal(at=clock(), door="segment", reason="not_a_time", sample='{"userId":"anna"}',
                again=str(n)) for n in range(5)
    ]  # fmt: skip
    house.history.put(refused, upto=1_000)
    (told,) = house.ask(ASK, ADMIN)["refusedEvents"]
    assert (told["count"], told["waiting"], told["sample"]) == (5, 5, '{"userId":"a***"}')
    assert house.ask(REPLAY, ADMIN, dry=True)["replayRefused"]["replay"] == {
        "accepted": 3, "stillRefused": 2,
    }  # fmt: skip
    assert house.ask(REPLAY, ADMIN)["replayRefused"]["replay"]["stillRefused"] == 5
    [error] = house.errors(REPLAY, Actor(id="a", role=Role.ANALYST))
    assert error["extensions"]["code"] == "forbidden"
    commit.close()
    journal.close()
