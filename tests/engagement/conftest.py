"""The small company, with somebody who watches findings and dates."""

import pytest

from content_hub.tracking import Links
from engagement.own_links import OwnLinks
from engagement.triggers import Triggers
from kernel.secret import Secret
from tests.company import Company
from tests.engagement.days import day_round


@pytest.fixture
def company(tmp_path, records, people, changes, clock):
    made = Company(tmp_path, records, people, changes, clock)
    made.links = Links(Secret("a"))
    made.own_links = OwnLinks(records, changes, made.findings, made.identities, made.links)
    made.triggers = Triggers(
        records=records, findings=made.findings, history=made.history,
        reminders=made.reminders, profiles=made.profiles, identities=made.identities,
        customers=made.customers, staff=made.staff, clock=clock, zone=made.zone,
        own_links=made.own_links,
    )  # fmt: skip
    made.day_round = day_round(made)
    yield made
    made.close()
