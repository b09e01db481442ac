"""A small company that is asked through GraphQL, every keeper a real one."""

from datetime import timedelta

import orjson
import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.app import OwnApp
from channels.blocks import Blocks
from channels.broadcasts.keeper import Broadcasts
from channels.broadcasts.planning import Planning
from channels.carriers import Carriers
from channels.composing import Composer
from channels.confirming import Confirming
from channels.deliveries import Courier, Deliveries
from channels.hand_offs import HandOffs
from channels.inbox import Inbox
from channels.live_codes import Code, LiveCodes
from channels.mailings import Mailings
from channels.menus import Menus
from channels.notices import Subscriptions
from channels.outbound import Breakers, Outbound
from channels.pasting import Pasting
from channels.preferences import Preferences
from channels.publishing import Publishing
from channels.reps import Reps
from channels.touch_policy import Moods, Simulations, TouchPolicy
from channels.touch_policy.standing import ContentNatures, KnownPersons
from channels.transfers import Transfers
from channels.varying import Varying
from channels.vocabularies import Vocabularies
from channels.works import Work, Works
from content_hub.campaigns import Campaigns, Draws, Parameters, Purchases
from content_hub.comments import Comments
from content_hub.compliance import Compliance
from content_hub.crossings import Crossings
from content_hub.duplicates import Duplicates
from content_hub.file_library import FileLibrary
from content_hub.finding import Finding
from content_hub.licences import Licences
from content_hub.materials.versions import Versions
from content_hub.media import Media
from content_hub.policies import Policies
from content_hub.products import Products
from content_hub.remakes import Remakes
from content_hub.reviews import Reviews
from content_hub.scheduling import ScheduledEdits
from content_hub.shifting import Shifting
from content_hub.suggestions import Suggestions
from content_hub.tagging_runs import TaggingRuns
from content_hub.tracking import Links
from content_hub.types import Types
from data_hub.consents import Consents
from data_hub.findings import Findings
from engagement.customer_acts import CustomerActs
from engagement.receptions import Receptions
from engagement.sharing import Sharing
from juzhen.saved_views import SavedViews
from kernel.actors import Actor, Role
from kernel.calendar import Zone
from kernel.secret import Secret
from matching.conversions import Conversions
from matching.feedback import Feedback
from matching.nearby import Nearby
from matching.sequels import Sequels
from schemas.graphql.schema import Context, build
from stores.claims import Quotas
from stores.folder import Folder
from stores.sqlite.search import SqliteSearch
from tests.company import Company
from tests.names import somewhere_public

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BASE = "https://juzhen.example"

SHELF = """
query Shelf($channel: ID!, $tags: [ID!], $first: Int = 20, $after: String) {
  shelf(
    channel: $channel, filter: {tags: {all: $tags, descendants: true}}, first: $first, after: $after
  ) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id type title summary cover { url } tags { id label facet } opens closes trackedUrl }
  }
}
"""
RECOMMEND = """
query Recommend($customer: ID!, $first: Int = 10) {
  recommendations(customer: $customer, first: $first) {
    id asOf
    items {
      position score material { id title type } script { id text }
      reasons { kind text weight evidence }
    }
  }
}
"""
"""The two queries of the contract, field for field."""


class Codes:
    """A platform that makes codes, drops them, and keeps tasks for reps."""

    def __init__(self):
        self.made, self.reminded = {}, []
        self.there = {
            key: Work(id=key, title=f"平台上的{key}", url=f"https://p.cn/{key}")
            for key in ("v1", "v2")
        }

    def make_code(self, state, reps, *, remark, confirm):
        self.made[state] = reps
        return Code(f"cfg-{state}", f"https://p.cn/{state}")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        self.made.pop(code.removeprefix("cfg-"), None)

    def remind(self, ref):
        self.reminded.append(ref)

    works_are = "short_video"

    def works(self, mark):
        here = list(self.there.values())
        return (here[:1], "2") if not mark else (here[1:], "")

    def work(self, key):
        return self.there.get(key)

    def withdraw(self, ref):
        pass


class Asked(Company):
    """The company with its channels, and an edition to ask."""

    def __init__(self, folder, records, people, changes, clock):
        super().__init__(folder, records, people, changes, clock)
        self.types = Types(records, changes)
        self.campaigns = Campaigns(records, changes, clock)
        quotas = Quotas(records)
        self.parameters = Parameters(records, changes, quotas, clock, self.zone)
        self.draws = Draws(records, changes, quotas, clock)
        self.purchases = Purchases(records, changes, clock)
        self.versions = Versions(records)
        self.reviews = Reviews(records, changes, clock)
        self.scheduled_edits = ScheduledEdits(
            records, changes, self.materials, self.taxonomy, clock
        )
        self.duplicates = Duplicates(records)
        self.comments = Comments(records, changes, clock)
        self.tagging_runs = TaggingRuns(records, changes, self.materials, self.taxonomy, clock)
        self.suggestions = Suggestions(records, changes, self.materials, self.taxonomy, clock)
        self.shifting = Shifting(records, changes, self.shelf, clock, self.zone)
        self.licences = Licences(records, changes)
        self.file_library = FileLibrary(records)
        self.remakes = Remakes(records, changes, self.types, self.materials, clock)
        self.products = Products(records, changes, clock)
        self.compliance = Compliance(records, changes, clock)
        self.policies = Policies(records, changes)
        self.links = Links(Secret("a key for links"))
        self.media = Media(records, Folder(folder / "files"), changes, clock)
        self.index = SqliteSearch(folder / "search.db", durability="process")
        self.finding = Finding(self.index, records, self.materials, changes, self.taxonomy)
        self.accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
        self.inbox = Inbox(records, clock)
        self.codes = Codes()
        channels = Channels(
            self.accounts,
            {
                "app": lambda account, secrets: OwnApp(self.inbox, account=account.id),
                "codes": lambda *_: self.codes,
            },
        )
        self.live_codes = LiveCodes(records, changes, self.accounts, channels, clock)
        self.menus = Menus(
            records, changes, self.accounts, channels, lambda key, _: f"https://h.cn/t/{key}", clock
        )
        self.transfers = Transfers(records, changes, self.accounts, channels, clock)
        self.vocabularies = Vocabularies(
            records, changes, self.accounts, channels, self.taxonomy, clock
        )
        self.works = Works(self.accounts, channels, self.materials)
        self.previewing = None  # needs a channel that shows
        self.hand_offs = HandOffs(records, changes, clock)
        self.blocks = Blocks(records, changes, Findings(people), self.identities, clock)
        self.carriers = Carriers(records, changes, self.accounts, self.identities, clock)
        self.reps = Reps(records, self.staff, changes)
        self.consents = Consents(records, changes, clock)
        self.touch_policy = TouchPolicy(
            records=records, changes=changes, consents=self.consents, clock=clock,
            zone=Zone("Asia/Shanghai"), persons=KnownPersons(self.identities, self.profiles),
            natures=ContentNatures(self.materials, self.taxonomy, self.campaigns),
        )  # fmt: skip
        self.simulations = Simulations(
            records, self.touch_policy, KnownPersons(self.identities, self.profiles),
            ContentNatures(self.materials, self.taxonomy, self.campaigns), clock,
            Zone("Asia/Shanghai"),
        )  # fmt: skip
        self.moods = Moods(records, changes, Findings(people), self.identities, clock)
        self.deliveries = Deliveries(records, changes, clock, places=self.touch_policy)
        self.confirming = Confirming(records, changes, self.deliveries, channels)
        breakers = Breakers(records, clock)
        self.publishing = Publishing(
            records=records, clock=clock, shelf=self.shelf, materials=self.materials,
            accounts=self.accounts, channels=channels, deliveries=self.deliveries,
            courier=Courier(self.deliveries, self.accounts, channels, breakers, clock),
            composer=Composer(self.types, self.media, self.links, base_url=BASE),
            consents=self.consents, identities=self.identities, policy=self.touch_policy,
        )  # fmt: skip
        self.varying = Varying(
            materials=self.materials, types=self.types, accounts=self.accounts, channels=channels,
            media=self.media, clock=clock,
        )  # fmt: skip
        self.pasting = Pasting(self.media, None)  # no test here fetches
        self.subscriptions = Subscriptions(
            records=records, changes=changes, accounts=self.accounts, clock=clock,
            crossings=Crossings(records, self.shelf, clock), sealer=Sealer({"k": bytes(32)}),
            allows=Outbound(look_up=somewhere_public).allows,
        )  # fmt: skip
        self.sharing = Sharing(
            records=records, changes=changes, accounts=self.accounts, channels=channels,
            publishing=self.publishing, touch_policy=self.touch_policy, shelf=self.shelf,
            links=self.links, consents=self.consents, compliance=self.compliance,
            reminders=self.reminders, base_url=BASE,
        )  # fmt: skip
        self.broadcasts = Broadcasts(
            records=records, changes=changes, accounts=self.accounts, deliveries=self.deliveries,
            segments=self.segments, identities=self.identities, policy=self.touch_policy,
            shelf=self.shelf, compliance=self.compliance, clock=clock,
        )  # fmt: skip
        self.planning = Planning(
            records=records, deliveries=self.deliveries, segments=self.segments,
            identities=self.identities, clock=clock,
        )  # fmt: skip
        self.mailings = Mailings(
            records,
            changes,
            self.deliveries,
            channels,
            clock,
            self.publishing.last_question.of_messages,
        )
        self.feedback = Feedback(records, changes, clock)
        self.conversions = Conversions(people, self.profiles, Sequels(records, changes))
        self.nearby = Nearby(self.customers, self.profiles, self.consents, clock)
        self.receptions = Receptions(
            self.counters, self.history, self.feedback, clock, Zone("Asia/Shanghai")
        )
        self.told = []
        self.customer_acts = CustomerActs(
            records=records, shelf=self.shelf, draws=self.draws, consents=self.consents,
            preferences=Preferences(records, self.consents, self.deliveries, self.identities),
            identities=self.identities, intake=self, clock=clock, zone=self.zone,
        )  # fmt: skip
        self.app = self.accounts.add(
            code="app", name="应用", kind="app", ecosystem="own_app", by="li"
        )
        self.saved_views = SavedViews(records, changes, clock)
        self.refusals = None  # of whoever asks for them
        self.edition = build(self.types)
        self.accounts_known = {}

    def take(self, events, door):
        """The intake: what front ends tell is only looked at here."""
        self.told += events

    def context(self, actor, language="zh"):
        names = (
            "types", "taxonomy", "materials", "media", "campaigns", "shelf", "links", "finding",
            "products", "compliance", "policies", "parameters", "draws", "purchases",
            "versions", "reviews", "comments", "duplicates", "tagging_runs", "suggestions",
            "shifting", "licences", "file_library", "remakes", "scheduled_edits",
            "publishing", "deliveries", "inbox", "accounts", "customers", "profiles", "staff",
            "history", "recommender", "nearby", "conversions", "reminders", "live_codes",
            "reps", "confirming",
            "works", "previewing", "varying", "subscriptions", "pasting",
            "blocks", "carriers", "menus", "transfers", "vocabularies",
            "touch_policy", "simulations", "moods", "hand_offs", "sharing", "customer_acts",
            "broadcasts", "mailings", "segments", "standings", "previews", "zone", "refusals",
            "identities", "saved_views", "rules", "measures", "boards", "ads", "leaderboards",
            "reports", "receptions", "referrals",
        )  # fmt: skip
        keepers = {name: getattr(self, name) for name in names}
        return Context(
            actor=actor, language=language, now=self.clock(), base_url=BASE,
            accounts_known=self.accounts_known, **keepers,
        )  # fmt: skip

    def answer(self, query, actor=None, *, language="zh", operation=None, **more):
        """The whole answer; ``variables`` go in by name."""
        how = {name: more.pop(name) for name in ("persisted", "held", "reading") if name in more}
        context = self.context(actor or editor(), language)
        return self.edition.answer(query, more, operation, context, **how)

    def ask(self, query, actor=None, **variables):
        """The data; nothing may have gone wrong."""
        told = orjson.loads(self.answer(query, actor, **variables).body)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def errors(self, query, actor=None, **variables):
        return orjson.loads(self.answer(query, actor, **variables).body)["errors"]

    def shown(self, title, *labels, **more):
        """A material on the shelf of the app."""
        return self.place(title, *(labels or ("理财",)), account=self.app.id, **more)

    def close(self):
        super().close()
        self.index.close()


def editor(**more):
    return Actor(**{"id": "stf_editor", "role": Role.EDITOR, "staff": "stf_editor"} | more)


def app(account, **more):
    return Actor(id="tok_app", role=Role.CHANNEL_APP, account=account, reach=frozenset(), **more)


@pytest.fixture
def house(tmp_path, records, people, changes, clock):
    made = Asked(tmp_path, records, people, changes, clock)
    yield made
    made.close()
