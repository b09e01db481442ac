"""The small company, with somebody who watches findings and dates."""

import pytest

from engagement.triggers import Triggers
from tests.company import Company


@pytest.fixture
def company(tmp_path, records, people, changes, clock):
    made = Company(tmp_path, records, people, changes, clock)
    made.triggers = Triggers(
        records=records, people=people, findings=made.findings, history=made.history,
        reminders=made.reminders, profiles=made.profiles, identities=made.identities,
        customers=made.customers, staff=made.staff, clock=clock, zone=made.zone,
    )  # fmt: skip
    yield made
    made.close()
