"""The rooms behind the pages over real stores, and a Flask with some doors before them."""

import secrets
from functools import partial

from flask import Flask, g, request
from jinja2 import BytecodeCache
from werkzeug.exceptions import HTTPException

from channels.accounts import Sealer
from channels.app_links import AppLinks
from channels.base import Busy
from channels.broadcasts.keeper import Broadcasts
from channels.live_codes import LiveCodes
from channels.notices import Subscriptions
from channels.outbound import Answer, Outbound
from channels.pasting import Pasting
from channels.placing import Placing
from channels.preferences import Preferences
from channels.varying import Varying
from channels.video.grants import Grants
from content_hub.bringing import Bringing
from content_hub.campaigns import Campaigns, Draws, Parameters
from content_hub.comments import Comments
from content_hub.compliance import Compliance
from content_hub.crossings import Crossings
from content_hub.duplicates import Duplicates
from content_hub.file_library import FileLibrary
from content_hub.file_sets import FileSets
from content_hub.finding import Finding
from content_hub.licences import Licences
from content_hub.materials.versions import Versions
from content_hub.media import Media
from content_hub.policies import Policies
from content_hub.products import Products
from content_hub.remakes import Remakes
from content_hub.reviews import Reviews
from content_hub.scheduling import ScheduledEdits
from content_hub.shelf import Overview
from content_hub.shifting import Shifting
from content_hub.suggestions import Suggestions
from content_hub.tagging_runs import TaggingRuns
from content_hub.uploads import Uploads
from data_hub.customers import Customers
from data_hub.intake import Intake
from data_hub.roster import Roster
from data_hub.segments import Segments
from data_hub.staff import StaffBook
from engagement.customer_acts import CustomerActs
from juzhen.access import Access
from juzhen.saved_views import SavedViews
from juzhen.settings import Settings
from juzhen.web import app as web
from juzhen.web import pages, problems
from kernel.actors import Actor, Role
from kernel.calendar import Zone
from kernel.errors import Problem
from kernel.events import unpack
from kernel.secret import Secret
from matching.feedback import Feedback
from stores.claims import Quotas
from stores.folder import Folder
from stores.journal import SharedCommit
from stores.sqlite.journal import SqliteJournal
from stores.sqlite.search import SqliteSearch
from tests.channels.house import House
from tests.names import somewhere_public


class _Compiled(BytecodeCache):
    """Templates as compiled once in a process: each test has an application of its own."""

    def __init__(self):
        self._kept = {}

    def load_bytecode(self, bucket):
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self._kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class Elsewhere:
    """The world outside: what lies under which address, and nothing else."""

    def __init__(self):
        self.there = {}

    def request(self, method, url, *, body=b"", headers=None):
        if url not in self.there:
            raise Busy("platform_unreachable", host="nowhere")
        return Answer(200, {}, self.there[url])


class PagesHouse(House):
    """Whoever asks is named by the header ``X-Actor``: a role, perhaps an id, or nobody.
    ``X-Unit`` is where she works; without it she works for headquarters and sees everything."""

    def __init__(self, records, people, clock, home, files=None):
        super().__init__(records, people, clock)
        self.zone = Zone("Asia/Shanghai")
        self.settings = Settings(company_name="安和人寿")
        self.base_url = "http://localhost"
        self.files = files or Folder(home / "files", durability="process")
        self.media = Media(records, self.files, self.changes, clock)
        self.uploads = Uploads(records, self.files, self.media, clock)
        self.index = SqliteSearch(home / "search.db", durability="process")
        self.finding = Finding(self.index, records, self.materials, self.changes, self.taxonomy)
        self.varying = Varying(
            materials=self.materials, types=self.types, accounts=self.accounts,
            channels=self.channels, media=self.media, clock=clock,
        )  # fmt: skip
        self.live_codes = LiveCodes(
            records, self.changes, self.accounts, self.channels, clock, keep=self._drawn
        )
        self.elsewhere = Elsewhere()
        self.pasting = Pasting(self.media, self.elsewhere)
        self.subscriptions = Subscriptions(
            records=records, changes=self.changes, accounts=self.accounts, clock=clock,
            crossings=Crossings(records, self.shelf, clock), sealer=Sealer({"k": bytes(32)}),
            allows=Outbound(look_up=somewhere_public).allows,
        )  # fmt: skip
        self.overview = Overview(records)
        self.products = Products(records, self.changes, clock)
        self.compliance = Compliance(records, self.changes, clock)
        self.policies = Policies(records, self.changes)
        self.reviews = Reviews(records, self.changes, clock)
        self.scheduled_edits = ScheduledEdits(
            records, self.changes, self.materials, self.taxonomy, clock
        )
        self.comments = Comments(records, self.changes, clock)
        self.versions = Versions(records)
        self.duplicates = Duplicates(records)
        self.campaigns = Campaigns(records, self.changes, clock)
        quotas = Quotas(records)
        self.parameters = Parameters(records, self.changes, quotas, clock, self.zone)
        self.draws = Draws(records, self.changes, quotas, clock)
        self.tagging_runs = TaggingRuns(records, self.changes, self.materials, self.taxonomy, clock)
        self.shifting = Shifting(records, self.changes, self.shelf, clock, self.zone)
        self.licences = Licences(records, self.changes)
        self.file_library = FileLibrary(records)
        self.remakes = Remakes(records, self.changes, self.types, self.materials, clock)
        self.suggestions = Suggestions(records, self.changes, self.materials, self.taxonomy, clock)
        self.bringing = Bringing(records, self.materials, self.taxonomy, self.reviews, clock)
        self.file_sets = FileSets(
            records, self.changes, self.materials, self.media, self.licences, self.reviews
        )
        self.placing = Placing(records, self.changes, self.shelf, self.accounts, self.publishing)
        self.app_links = AppLinks(self.links, self.accounts, self.base_url)
        self.saved_views = SavedViews(records, self.changes, clock)
        self.feedback = Feedback(records, self.changes, clock)
        self.staff = StaffBook(records, self.changes, clock)
        self.roster = Roster(records, self.staff)
        self.people = people
        self.access = Access(
            records, self.changes, self.staff, quotas, clock, key=Secret("ab" * 32)
        )
        self.customers = Customers(
            people, records, self.identities, None, self.staff, self.changes, clock
        )
        self.grants = Grants(records, self.changes, self.sealer, clock)
        self.journal = SqliteJournal(home / "journal", durability="process")
        self.commit = SharedCommit(self.journal)
        self.intake = Intake(self.commit, clock)

        self.segments = Segments(records, people, self.identities, self.changes, clock)
        self.broadcasts = Broadcasts(
            records=records, changes=self.changes, accounts=self.accounts,
            deliveries=self.deliveries, segments=self.segments, identities=self.identities,
            policy=self.touch_policy, shelf=self.shelf, compliance=self.compliance, clock=clock,
        )  # fmt: skip
        self.preferences = Preferences(records, self.consents, self.deliveries, self.identities)
        self.customer_acts = CustomerActs(
            records=records, shelf=self.shelf, draws=self.draws, consents=self.consents,
            preferences=self.preferences, identities=self.identities, intake=self.intake,
            clock=clock, zone=self.zone,
        )  # fmt: skip

    def _drawn(self, picture):
        return f"/media/{self.media.take(picture, by='worker', name='code.jpg').id}/original"

    def events(self):
        return [unpack(each) for entry in self.journal.read(0) for each in entry.packed]

    def application(self, *doors):
        app = Flask("pages", static_folder=None)
        app.url_rule_class = web._Address
        app.before_request(self._arrive)
        app.after_request(partial(web._leave, platform=self))
        app.register_error_handler(Problem, problems._refuse)
        app.register_error_handler(HTTPException, problems._refuse_http)
        pages.install(app, self)
        app.extensions["juzhen_pages"].bytecode_cache = _COMPILED
        for door in doors:
            app.register_blueprint(door)
        app.testing = True
        return app

    @staticmethod
    def _arrive():
        g.nonce, g.csrf, g.request_id = secrets.token_urlsafe(8), "form-token", "r1"
        role, _, who = request.headers.get("X-Actor", "").partition(" ")
        who = who or "stf_li"
        unit, where = request.headers.get("X-Unit", ""), {}
        if unit:
            where = {"unit": unit, "units": frozenset({"", unit}), "reach": frozenset({unit})}
        g.actor = Actor(id=who, staff=who, role=Role(role), name="李编", **where) if role else None

    def close(self):
        self.commit.close()
        self.journal.close()
        self.index.close()
        super().close()
