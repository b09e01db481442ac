"""What we know (数据中台): the keepers of the data hub, and what it may ask of the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from channels import orders
from channels.accounts import Shops, ids_by_code
from content_hub.materials import Materials
from content_hub.tags import Taxonomy
from data_hub.ad_quality import AdQuality
from data_hub.asked_of_us import Requests
from data_hub.consents import Consents
from data_hub.customers import Customers, Reveals
from data_hub.digest import Digest
from data_hub.echoes import Echoes
from data_hub.emptying import Emptying
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.intake import Intake
from data_hub.leaderboards import Leaderboards
from data_hub.measures import Boards, Measures
from data_hub.own_acts import OwnActs
from data_hub.prediction import Predictions
from data_hub.privacy import Privacy
from data_hub.profiles import Profiles
from data_hub.referrals import Referrals
from data_hub.regrouping import Regrouping
from data_hub.reports.keeping import Reports
from data_hub.retention import PURPOSES, LetGo, Retention, periods
from data_hub.rewriting import Rewriting
from data_hub.segments import Previews, Segments
from data_hub.staff import StaffBook
from data_hub.standings import Standings
from data_hub.terms import Alarms, Terms, cycles, named, thresholds
from data_hub.vip import Choice, Vips
from juzhen import counting, metrics
from juzhen.settings import Settings
from juzhen.wiring.content import ContentHub
from juzhen.wiring.engines import Stores
from kernel.values import dataclass
from matching import offers
from matching.counters import Counters
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
    segments: Segments
    standings: Standings
    previews: Previews
    predictions: Predictions
    measures: Measures
    boards: Boards
    vips: Vips
    ads: AdQuality
    leaderboards: Leaderboards
    reports: Reports
    referrals: Referrals
    customers: Customers
    own_acts: OwnActs
    privacy: Privacy
    requests: Requests
    retention: Retention
    rewriting: Rewriting
    regrouping: Regrouping
    emptying: Emptying


@dataclass(frozen=True, slots=True)
class _Topics:
    """What the data hub may ask of the content hub, answered by its materials."""

    materials: Materials
    taxonomy: Taxonomy

    def about(self, materials: Collection[str]) -> Mapping[str, Collection[str]]:
        return self.materials.topics(materials)

    def under(self, names: Collection[str]) -> Mapping[str, Collection[str]]:
        """The tags under each name, itself among them; a name is an id or a code."""
        tree = self.taxonomy.now()
        found = {name: tree.find(name) for name in names}
        return {name: tree.under([tag.id]) for name, tag in found.items() if tag is not None}


def _reveals(settings: Settings, s: Stores) -> Reveals:
    return Reveals(s.records, s.changes, s.clock, zone=s.zone, a_day=settings.limits_reveals)


def _rewriting(
    s: Stores, identities: Identities, profiles: Profiles, digest: Digest, emptying: Emptying,
    intake: Intake, days: Mapping[str, int],
) -> Rewriting:  # fmt: skip
    return Rewriting(
        s.history, s.people, identities, profiles, digest, emptying, intake, s.clock,
        places=days["location"], amends=(orders.as_kept,), zone=s.zone,
    )  # fmt: skip


def _retention(
    s: Stores, profiles: Profiles, digest: Digest, emptying: Emptying, findings: Findings,
    days: Mapping[str, int],
) -> Retention:  # fmt: skip
    common = s.history, s.people, profiles, digest, emptying, s.clock
    noticed = {
        purpose: partial(findings.let_go, kinds) for purpose, kinds in PURPOSES.items() if kinds
    }
    walked, offered = Counters(s.people, s.history).let_go, partial(offers.let_go, s.records)
    beside: dict[str, Sequence[LetGo]] = {purpose: (each,) for purpose, each in noticed.items()}
    beside["browsing"] = noticed["browsing"], walked
    beside["advice"] = noticed["advice"], offered
    return Retention(*common, days=days, zone=s.zone, beside=beside)


def _privacy(
    settings: Settings, s: Stores, identities: Identities, digest: Digest, emptying: Emptying
) -> Privacy:
    return Privacy(
        s.records, s.people, identities, s.journal, s.history, s.fold, digest, s.changes, emptying,
        Echoes(s.people, digest, s.clock), key=settings.keys_links,
    )  # fmt: skip


def _terms(settings: Settings) -> Terms:
    return Terms(
        cycles(settings.company_stages, settings.company_holding),
        thresholds(settings.company_grades),
        settings.company_assumes.replace(" ", "").split(","),
        timedelta(days=settings.habits.get("next_purchase", Terms().ahead.days)),
    )


def _alarms(settings: Settings) -> Alarms:
    told, usual = named(settings.company_groups), Alarms()
    ads = told["ads"] / 100 if "ads" in told else usual.group_ads
    return Alarms(told.get("days", usual.group_days), ads, settings.limits_response)


def _customers(
    settings: Settings, s: Stores, identities: Identities, staff: StaffBook
) -> Customers:
    return Customers(
        s.people, s.records, identities, s.history, staff, s.changes, s.clock,
        _reveals(settings, s),
    )  # fmt: skip


def _leaderboards(
    s: Stores, staff: StaffBook, customers: Customers, identities: Identities
) -> Leaderboards:
    return Leaderboards(
        s.history, s.records, staff, s.changes, s.clock, books=customers,
        whose=identities.customers_of, zone=s.zone,
    )  # fmt: skip


def _intake(s: Stores) -> Intake:
    shops = Shops(s.records, s.changes)
    return Intake(s.commit, s.clock, counted=counting.count_events, shops=shops.of)


def _measures(s: Stores, identities: Identities) -> Measures:
    return Measures(s.history, s.people, s.clock, zone=s.zone, whose=identities.customers_of)


def _segments(s: Stores, identities: Identities, topics: _Topics) -> Segments:
    def called() -> dict[str, str]:
        return ids_by_code(s.records)

    return Segments(s.records, s.people, identities, s.changes, s.clock, topics.under, called)


def data_hub(settings: Settings, s: Stores, content: ContentHub) -> DataHub:
    """One constructor call after another."""
    common = s.records, s.changes, s.clock
    staff, identities = StaffBook(*common), Identities(s.people, *common)
    profiles, findings = Profiles(s.people, identities), Findings(s.people)
    topics = _Topics(content.materials, content.taxonomy)
    segments = _segments(s, identities, topics)
    predictions = Predictions(s.people, profiles, s.clock)
    emptying = Emptying(s.records, s.people, s.history, s.changes)
    choice, days = Choice.of(named(settings.company_vip)), periods(settings.company_retention)
    vips = Vips(s.people, s.history, identities, profiles, s.clock, zone=s.zone, choice=choice)
    terms = _terms(settings)
    standings = Standings(
        s.people, s.records, identities, profiles, s.history, segments, s.changes, s.clock,
        zone=s.zone, terms=terms, chances=predictions.model, vips=vips.among,
    )  # fmt: skip
    digest = Digest(
        s.history, s.people, s.records, identities, profiles, topics, s.clock,
        findings=findings, zone=s.zone, standings=standings,
        counted=metrics.metric("juzhen_digested_total").inc,
    )  # fmt: skip
    ads = AdQuality(s.history, s.people, s.records, identities, s.changes, s.clock, zone=s.zone)
    customers = _customers(settings, s, identities, staff)
    leaderboards = _leaderboards(s, staff, customers, identities)
    intake = _intake(s)
    return DataHub(
        ads=ads,
        leaderboards=leaderboards,
        reports=Reports(
            s.history, s.people, identities, profiles, ads, leaderboards, vips.among, s.clock,
            zone=s.zone, install_reward=settings.company_install_reward, alarms=_alarms(settings),
        ),
        referrals=Referrals(
            s.records, findings, identities, s.changes, s.clock, reward=settings.company_referral
        ),
        staff=staff,
        consents=Consents(s.records, s.changes, s.clock, assumed=terms.assumed),
        intake=intake,
        identities=identities,
        profiles=profiles,
        findings=findings,
        digest=digest,
        segments=segments,
        standings=standings,
        predictions=predictions,
        measures=_measures(s, identities),
        boards=Boards(*common, most=settings.limits_board),
        vips=vips,
        previews=Previews(s.people, profiles, segments, standings.subjects, s.clock),
        customers=customers,
        own_acts=OwnActs(
            s.changes, s.journal, Watermarks(s.records, Record), s.clock, counting.count_act
        ),
        emptying=emptying,
        retention=_retention(s, profiles, digest, emptying, findings, days),
        regrouping=Regrouping(s.people, digest),
        rewriting=_rewriting(s, identities, profiles, digest, emptying, intake, days),
        privacy=_privacy(settings, s, identities, digest, emptying),
        requests=Requests(s.records, emptying),
    )  # fmt: skip
