"""What we know (数据中台): the keepers of the data hub, and what it may ask of the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from content_hub.materials import Materials
from data_hub.consents import Consents
from data_hub.customers import Customers
from data_hub.digest import Digest
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.intake import Intake
from data_hub.own_acts import OwnActs
from data_hub.privacy import Privacy
from data_hub.profiles import Profiles
from data_hub.staff import StaffBook
from juzhen.settings import Settings
from juzhen.wiring.content import ContentHub
from juzhen.wiring.engines import Stores
from stores.records import Record
from stores.watermarks import Watermarks


@dataclass(kw_only=True)
class DataHub:
    """The data hub's keepers."""

    staff: StaffBook
    consents: Consents
    intake: Intake
    identities: Identities
    profiles: Profiles
    findings: Findings
    digest: Digest
    customers: Customers
    own_acts: OwnActs
    privacy: Privacy


@dataclass(frozen=True, slots=True)
class _Topics:
    """What the data hub may ask of the content hub, answered by its materials."""

    materials: Materials

    def about(self, materials: Collection[str]) -> Mapping[str, Collection[str]]:
        return self.materials.topics(materials)


def data_hub(settings: Settings, s: Stores, content: ContentHub) -> DataHub:
    """One constructor call after another."""
    staff = StaffBook(s.records, s.changes)
    identities = Identities(s.people, s.records, s.changes, s.clock)
    profiles = Profiles(s.people, identities)
    findings = Findings(s.people)
    digest = Digest(
        s.history, s.people, s.records, identities, profiles, _Topics(content.materials), s.clock,
        findings=findings, zone=s.zone,
    )  # fmt: skip
    return DataHub(
        staff=staff,
        consents=Consents(s.records, s.changes, s.clock),
        intake=Intake(s.commit, s.clock),
        identities=identities,
        profiles=profiles,
        findings=findings,
        digest=digest,
        customers=Customers(
            s.people, s.records, identities, s.history, staff, s.changes, s.clock
        ),
        own_acts=OwnActs(s.changes, s.journal, Watermarks(s.records, Record), s.clock),
        privacy=Privacy(
            s.records, s.people, identities, s.journal, s.history, s.fold, digest, s.changes,
            key=settings.keys_links,
        ),
    )  # fmt: skip
