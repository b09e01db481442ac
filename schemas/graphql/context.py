"""The context (语境): who asks, in what language, when, and the keepers that may be asked.

Wiring fills it, one for every request; nothing in here knows how the asker came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kernel.actors import Actor
from kernel.errors import Forbidden, NotFound
from kernel.values import dataclass

if TYPE_CHECKING:
    from channels.accounts import Accounts
    from channels.blocks import Blocks
    from channels.broadcasts.keeper import Broadcasts
    from channels.carriers import Carriers
    from channels.confirming import Confirming
    from channels.deliveries import Deliveries
    from channels.hand_offs import HandOffs
    from channels.inbox import Inbox
    from channels.live_codes import LiveCodes
    from channels.mailings import Mailings
    from channels.menus import Menus
    from channels.notices import Subscriptions
    from channels.pasting import Pasting
    from channels.previewing import Previewing
    from channels.publishing import Publishing
    from channels.reps import Reps
    from channels.touch_policy import Moods, Simulations, TouchPolicy
    from channels.transfers import Transfers
    from channels.varying import Varying
    from channels.vocabularies import Vocabularies
    from channels.works import Works
    from content_hub.campaigns import Campaigns, Draws, Parameters, Purchases
    from content_hub.comments import Comments
    from content_hub.compliance import Compliance
    from content_hub.duplicates import Duplicates
    from content_hub.file_library import FileLibrary
    from content_hub.finding import Finding
    from content_hub.licences import Licences
    from content_hub.materials import Materials
    from content_hub.materials.versions import Versions
    from content_hub.media import Media
    from content_hub.policies import Policies
    from content_hub.products import Products
    from content_hub.remakes import Remakes
    from content_hub.reviews import Reviews
    from content_hub.scheduling import ScheduledEdits
    from content_hub.shelf import Freshness, Shelf
    from content_hub.shifting import Shifting
    from content_hub.suggestions import Suggestions
    from content_hub.tagging_runs import TaggingRuns
    from content_hub.tags import TagTree, Taxonomy
    from content_hub.tracking import Links
    from content_hub.types import Types
    from data_hub.ad_quality import AdQuality
    from data_hub.customers import Customers
    from data_hub.identities import Identities
    from data_hub.leaderboards import Leaderboards
    from data_hub.measures import Boards, Measures
    from data_hub.profiles import Profiles
    from data_hub.referrals import Referrals
    from data_hub.refusals import Refusals
    from data_hub.reports.keeping import Reports
    from data_hub.segments import Previews, Segments
    from data_hub.staff import StaffBook
    from data_hub.standings import Standings
    from engagement.customer_acts import CustomerActs
    from engagement.receptions import Receptions
    from engagement.reminders import Reminders
    from engagement.sharing import Sharing
    from kernel.calendar import Zone
    from matching.conversions import Conversions
    from matching.nearby import Nearby
    from matching.recommender import Recommender
    from matching.rules import Rules
    from schemas.graphql.library.saved import SavedViews
    from stores.history import History

Thing = TypeVar("Thing")


class Batch(Generic[Thing]):
    """Collects the ids a page will need and fetches them together when the first is asked for.

    A list resolver calls `expect` with everything on its page; the resolvers below it call `of`.
    """

    def __init__(self, fetch: Callable[[list[str]], Mapping[str, Thing]]) -> None:
        self._fetch = fetch
        self._awaited: list[Iterable[str]] = []
        self._known: dict[str, Thing | None] = {}

    def expect(self, ids: Iterable[str]) -> None:
        self._awaited.append(ids)

    def of(self, key: str) -> Thing | None:
        if key not in self._known:
            wanted = sorted({key, *chain.from_iterable(self._awaited)} - self._known.keys())
            self._awaited.clear()
            found = self._fetch(wanted)
            self._known.update({each: found.get(each) for each in wanted})
        return self._known[key]

    def known(self, key: str) -> Thing:
        """What is there in any case."""
        found = self.of(key)
        assert found is not None  # noqa: S101 - the fetch answers every key
        return found


@dataclass(slots=True, kw_only=True)
class Context:
    """Everything a resolver may ask."""

    actor: Actor
    language: str
    now: datetime
    """The moment of the request: one for the whole answer and for its name."""
    base_url: str
    """Where this installation is reached from outside, without a slash at the end."""
    types: Types
    taxonomy: Taxonomy
    materials: Materials
    tagging_runs: TaggingRuns
    suggestions: Suggestions
    versions: Versions
    reviews: Reviews
    scheduled_edits: ScheduledEdits
    comments: Comments
    duplicates: Duplicates
    media: Media
    campaigns: Campaigns
    parameters: Parameters
    draws: Draws
    purchases: Purchases
    shelf: Shelf
    shifting: Shifting
    licences: Licences
    file_library: FileLibrary
    remakes: Remakes
    products: Products
    compliance: Compliance
    policies: Policies
    links: Links
    finding: Finding
    publishing: Publishing
    varying: Varying
    pasting: Pasting
    subscriptions: Subscriptions
    deliveries: Deliveries
    inbox: Inbox
    broadcasts: Broadcasts
    mailings: Mailings
    accounts: Accounts
    live_codes: LiveCodes
    menus: Menus
    transfers: Transfers
    vocabularies: Vocabularies
    previewing: Previewing
    works: Works
    reps: Reps
    confirming: Confirming
    blocks: Blocks
    carriers: Carriers
    touch_policy: TouchPolicy
    simulations: Simulations
    moods: Moods
    hand_offs: HandOffs
    customers: Customers
    identities: Identities
    profiles: Profiles
    segments: Segments
    standings: Standings
    previews: Previews
    measures: Measures
    boards: Boards
    ads: AdQuality
    leaderboards: Leaderboards
    reports: Reports
    referrals: Referrals
    refusals: Refusals
    zone: Zone
    staff: StaffBook
    history: History
    recommender: Recommender
    nearby: Nearby
    conversions: Conversions
    rules: Rules
    receptions: Receptions
    reminders: Reminders
    sharing: Sharing
    customer_acts: CustomerActs
    saved_views: SavedViews
    accounts_known: dict[str, str] = field(default_factory=dict)
    """Ids of accounts by id and code: these never change, so the door keeps them for all."""
    _batches: dict[str, Batch[Any]] = field(default_factory=dict, init=False)
    _freshness: Freshness | None = field(default=None, init=False)

    def batch(self, name: str, fetch: Callable[[list[str]], Mapping[str, Thing]]) -> Batch[Thing]:
        """The batch of that name, for this request alone."""
        if name not in self._batches:
            self._batches[name] = Batch(fetch)
        return self._batches[name]

    @property
    def freshness(self) -> Freshness:
        """What answers made of content are as old as, as of the first time that it was asked."""
        if self._freshness is None:
            self._freshness = self.shelf.freshness(self.now)
        return self._freshness

    @property
    def sight(self) -> list[str] | None:
        """The units whose content the asker sees; None is all. A customer manages nothing."""
        if self.actor.reach is None and not self.actor.customer:
            return None
        return sorted(self.actor.units | (self.actor.reach or frozenset()))

    def sees(self, unit: str) -> bool:
        """Is content of that unit for her eyes?"""
        sight = self.sight
        return sight is None or unit in sight

    def require_seen(self, unit: str, kind: str, sought: str) -> None:
        """Raise `NotFound` for content that is not for her eyes, as for what there is not."""
        if not self.sees(unit):
            raise NotFound(kind, sought[:80])

    def require_managed(self, unit: str) -> None:
        """Raise `Forbidden` for content that she may only look at."""
        own = self.actor.own_units
        if own is not None and unit not in own:
            raise Forbidden("content_of_another_unit", unit=unit)

    @property
    def tree(self) -> TagTree:
        """The vocabulary, as of the first time that this request asked for it."""
        return self.batch("tree", lambda _: {"": self.taxonomy.now()}).known("")

    def account(self, key: str) -> str:
        """The id of a channel account, by id or code. Raises `NotFound`."""
        known = self.accounts_known.get(key)
        if known is None:
            known = self.accounts_known[key] = self.accounts.one(key).id
        return known


def sharing(keepers: Mapping[str, Any]) -> Callable[..., Context]:
    """Makes contexts that share these keepers: a request pays for no more than is its own."""

    def begin(
        self: Context, *, actor: Actor, language: str, now: datetime, known: dict[str, str]
    ) -> None:
        self.actor, self.language, self.now, self.accounts_known = actor, language, now, known
        self._batches, self._freshness = {}, None

    return type("Context", (Context,), {"__slots__": (), "__init__": begin, **keepers})
