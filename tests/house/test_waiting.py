"""A column that says until when something waits says whether that goes back with the clock."""

import pytest

from juzhen.migrations.draft import models
from stores.records import Folded, Moment, Record
from stores.waiting import waiting

PAST = {
    "archived", "asked", "asked_at", "at", "began", "begun", "cancelled", "closed", "complete",
    "created", "done", "dropped", "edited", "ended", "fetched", "finished", "first_seen",
    "first_sent", "followed", "granted", "held", "kept", "last_at", "last_sent", "left", "lifted",
    "made", "moved", "node_since", "noted_at", "off", "opened", "over", "paused", "paused_at",
    "placed_at", "posted", "read", "retired", "reviewed", "revoked", "seen", "settled", "shared",
    "shown", "since", "stage_since", "swept", "taken_at", "taken_down", "told", "told_alone",
    "undoing", "undone", "used", "withdrawn",
}  # fmt: skip
"""Names of moments that were."""
PROMISED = {
    "access_tokens.expires": "the platform's, and asked for anew when it is refused",
    "approvals.closes": "a person's date",
    "approvals.opens": "a person's date",
    "breakers.shut_until": "`channels.outbound` looks after it",
    "broadcasts.expires": "a person's date",
    "broadcasts.opens": "a person's date",
    "campaign_parameters.locked_until": "rather longer a person's than too short",
    "campaigns.closes": "a person's date",
    "campaigns.opens": "a person's date",
    "creator_grants.ends": "the platform's",
    "creator_grants.expires": "the platform's",
    "deliveries.expires": "what is too late then is too late",
    "deliveries.lease_until": "`channels.deliveries` looks after it",
    "leases.until": "`stores.claims` looks after it",
    "list_rules.closes": "a person's date",
    "list_rules.opens": "a person's date",
    "mailings.lease_until": "`channels.mailings` looks after it",
    "mood_holds.until": "rather longer in peace than too short",
    "placements.closes": "a person's date",
    "placements.opens": "a person's date",
    "products.sold_from": "a person's date",
    "products.sold_until": "a person's date",
    "reminders.ends": "the last day of a date",
    "rep_cards.due": "its reminder's",
    "scheduled_edits.takes_effect": "a person's date",
    "segment_fills.done": "a moment that was",
    "standings.due": "reckoned from her events",
    "standings.expected": "reckoned from her events",
    "standings.expected_from": "reckoned from her events",
    "standings.expected_until": "reckoned from her events",
    "subscriptions.again_from": "since when somebody wants to be told again",
    "tokens.expires": "a person's date",
    "touches.expires": "what is too late then is too late",
}
"""What stays where it is, and why."""


@pytest.fixture(scope="module")
def moments():
    models()
    return {
        f"{table.name}.{column.name}": column
        for base in (Record, Folded)
        for table in base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Moment)
    }


def test_each_column_that_may_lie_ahead_says_what_a_clock_put_back_does_to_it(moments):
    moved = {f"{kind.__tablename__}.{name}" for base in (Record, Folded)
             for kind, name in waiting(base)}  # fmt: skip
    ahead = {name for name in moments if name.partition(".")[2] not in PAST}
    assert ahead - moved - set(PROMISED) == set()
    assert moved & set(PROMISED) == set()
    assert moved >= {name for name in moments if name.endswith(".next_at")}


def test_no_excuse_outlives_its_column(moments):
    assert [name for name in PROMISED if name not in moments] == []
    assert PAST - {name.partition(".")[2] for name in moments} == set()
