"""The rooms that publishing needs, wired over any stores, and a channel that counts its effects."""

from datetime import date, timedelta

from channels.accounts import Accounts, Channels, Sealer
from channels.allowances import Allowances
from channels.app import OwnApp
from channels.base import Busy, Progress, Receipt, Received, Refused, Unanswered
from channels.blocks import Blocks
from channels.callbacks import Callbacks
from channels.capabilities import Capabilities, Limits
from channels.carriers import Carriers
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries
from channels.hand_offs import HandOffs
from channels.health import Health
from channels.inbox import Inbox
from channels.live_codes import LiveCodes
from channels.outbound import Breakers, Outbound, RateGate
from channels.preferences import Preferences
from channels.previewing import Previewing
from channels.publishing import Publishing
from channels.touch_policy import Moods, Simulations, TouchPolicy
from channels.touch_policy.standing import ContentNatures, KnownPersons
from channels.video.douyin import Douyin
from channels.wechat.crypto import Envelope
from channels.wechat.official_account import MassSendingAccount, WeChatOfficialAccount
from channels.wechat.talking import Templates
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wire import Wire
from channels.welcoming import Welcoming
from channels.works import Works
from content_hub.campaigns import Campaigns
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.tracking import Links
from content_hub.types import Types
from data_hub.consents import Consents
from data_hub.findings import Findings
from data_hub.identities import Identities
from data_hub.profiles import Profiles
from kernel.calendar import Zone
from kernel.events import Ecosystem
from kernel.secret import Secret
from stores.changes import Changes
from stores.claims import Leases
from stores.gathered import Gathered
from tests.rounds import publish_due, send_due

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class Pictures:
    """Every picture there is looks the same."""

    def rendition(self, key, name):
        return PIXEL, "image/png"


class Board:
    """A platform without habits: shows what it is given, by key, and can be told to misbehave."""

    def __init__(self):
        self.shown, self.up, self.taken_down, self.said = [], {}, [], []
        self.trouble = []
        """What goes wrong with the next calls, first first; None is nothing."""
        self.progress = Progress.SHOWN
        self.idempotency = "reconcile"
        self.previewed, self.works = [], {}
        """Who was shown what before it was out; what was made there, by the board's own ids."""


class BoardChannel:
    """The channel of one account there."""

    key = "board"
    writes_to = "openid"
    pulled = False
    capabilities = Capabilities(
        (Limits(since=date(2026, 1, 1), source="us", shows=frozenset({"article"}), title=32),)
    )
    longest_review = timedelta(minutes=30)

    def __init__(self, board):
        self.board = board
        self.idempotency = board.idempotency

    def _call(self, effect=lambda: None):
        trouble = self.board.trouble.pop(0) if self.board.trouble else None
        if isinstance(trouble, Unanswered) and trouble.facts.get("done"):
            effect()
        if trouble is not None:
            raise trouble
        effect()

    def publish(self, post, *, key):
        self._call(lambda: self._show(post, key))
        return Receipt(ref=key, progress=self.board.progress)

    def _show(self, post, key):
        self.board.shown.append(key)
        self.board.up[key] = post

    def outcome(self, ref):
        self._call()
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post, *, key):
        self._call()
        return Receipt(ref=key, progress=Progress.SHOWN) if key in self.board.up else None

    def withdraw(self, ref):
        self._call()
        if self.board.up.pop(ref, None):
            self.board.taken_down.append(ref)

    def send(self, message, *, key):
        self._call(lambda: self.board.said.append((key, message)))
        return Receipt(ref=key, progress=Progress.SHOWN)

    def receive(self, callback):
        if callback.query.get("forged"):
            raise Refused("callback_not_genuine", account="board")
        return Received(unreadable=callback.body, answer=b"success")

    def introduce(self, handle, at):
        return None

    def preview(self, post, *, tester):
        self._call(lambda: self.board.previewed.append((tester, post)))

    works_are = "image_text"

    def works(self, mark):
        self._call()
        return list(self.board.works.values()), ""

    def work(self, key):
        return self.board.works.get(key)


def busy(**facts):
    return Busy("platform_busy", **facts)


class House:
    """Everything from the shelf to the channels."""

    def __init__(self, records, people, clock, *, lease=30.0, origins=(), seconds=15.0, share=64):
        self.records, self.clock, self.board = records, clock, Board()
        self.changes = Changes(records, clock)
        self.types = Types(records, self.changes)
        self.taxonomy = Taxonomy(records, self.changes)
        self.materials = Materials(records, self.changes, self.types, self.taxonomy, clock)
        self.campaigns = Campaigns(records, self.changes, clock)
        self.shelf = Shelf(records, self.changes, clock)
        self.links = Links(Secret("links"))
        self.sealer = Sealer({"k1": bytes(32)})
        self.accounts = Accounts(records, self.changes, self.sealer, clock)
        self.leases = Leases(records, clock)
        self.outbound = Outbound(origins=origins, seconds=seconds)
        self.gate = RateGate(records, clock)
        self.inbox = Inbox(records, clock)
        self.hand_offs = HandOffs(records, self.changes, clock)
        self.channels = Channels(
            self.accounts,
            {
                "board": lambda account, secrets: BoardChannel(self.board),
                "app": lambda account, secrets: OwnApp(self.inbox, account=account.id),
                "douyin": self._douyin,
                "wechat_oa": self._wechat,
            },
        )
        self.consents = Consents(records, self.changes, clock)
        self.identities = Identities(people, records, self.changes, clock)
        self.profiles = Profiles(people, self.identities)
        self.touch_policy = TouchPolicy(
            records=records, changes=self.changes, consents=self.consents, clock=clock,
            zone=Zone("Asia/Shanghai"), persons=KnownPersons(self.identities, self.profiles),
            natures=ContentNatures(self.materials, self.taxonomy, self.campaigns),
        )  # fmt: skip
        self.simulations = Simulations(
            records, self.touch_policy, KnownPersons(self.identities, self.profiles),
            ContentNatures(self.materials, self.taxonomy, self.campaigns), clock,
            Zone("Asia/Shanghai"),
        )  # fmt: skip
        self.moods = Moods(records, self.changes, Findings(people), self.identities, clock)
        self.blocks = Blocks(records, self.changes, Findings(people), self.identities, clock)
        self.carriers = Carriers(records, self.changes, self.accounts, self.identities, clock)
        self.gathered = Gathered(records)
        self.deliveries = Deliveries(
            records, self.changes, clock, lease=lease, places=self.touch_policy, rates=self.gate,
            share=share,
        )  # fmt: skip
        self.breakers = Breakers(records, clock)
        self.courier = Courier(
            self.deliveries, self.accounts, self.channels, self.breakers, clock
        )  # fmt: skip
        self.health = Health(
            records, self.accounts, self.channels, self.deliveries, self.breakers, clock,
            zone=Zone("Asia/Shanghai"),
        )  # fmt: skip
        self.composer = Composer(
            self.types, Pictures(), self.links, base_url="https://hub.example.com"
        )
        self.welcoming = Welcoming(
            records=records, changes=self.changes, accounts=self.accounts, channels=self.channels,
            codes=LiveCodes(records, self.changes, self.accounts, self.channels, clock),
            materials=self.materials, shelf=self.shelf, composer=self.composer, clock=clock,
            patience=30,
        )  # fmt: skip
        self.preferences = Preferences(records, self.consents, self.deliveries, self.identities)
        self.works = Works(self.accounts, self.channels, self.materials)
        self.previewing = Previewing(
            records, self.changes, self.accounts, self.channels, self.materials, self.composer,
            clock,
        )  # fmt: skip
        self.publishing = Publishing(
            records=records, clock=clock, shelf=self.shelf, materials=self.materials,
            accounts=self.accounts, channels=self.channels, deliveries=self.deliveries,
            courier=self.courier, composer=self.composer, consents=self.consents,
            identities=self.identities, policy=self.touch_policy,
        )  # fmt: skip

    def door(self, intake):
        """The one that platforms call back at."""
        return Callbacks(
            accounts=self.accounts, channels=self.channels, intake=intake,
            deliveries=self.deliveries, welcoming=self.welcoming, preferences=self.preferences,
            allowances=Allowances(self.records, self.clock), health=self.health,
            gathered=self.gathered, clock=self.clock,
        )  # fmt: skip

    def _douyin(self, account, secrets):
        return Douyin(
            self.hand_offs, self.clock, account=account.id, client_key="ck",
            client_secret=secrets["client_secret"],
        )  # fmt: skip

    def _wechat(self, account, secrets):
        wire = Wire(
            self.outbound,
            Tokens(self.records, self.leases, self.sealer, self.clock),
            self.gate,
            account=account.id,
            appid=account.settings["app_id"],
            secret=secrets["app_secret"],
            host=account.settings["base_url"],
            per_minute=account.settings.get("per_minute", 60_000),
        )
        by_mass = account.settings.get("publish_by") == "mass"
        return (MassSendingAccount if by_mass else WeChatOfficialAccount)(
            wire,
            Uploads(self.records, self.clock),
            self.clock,
            account=account.id,
            callback_token=secrets["token"].reveal(),
            envelope=Envelope(secrets["aes_key"].reveal(), account.settings["app_id"]),
            longest_review=timedelta(seconds=account.settings.get("review_seconds", 1800)),
            allowances=Allowances(self.records, self.clock),
            templates=Templates(subscribe=account.settings.get("subscribe_template", "")),
        )

    def account(self, code="board", kind="board", ecosystem=Ecosystem.WECHAT, **more):
        return self.accounts.add(
            code=code, name=code, kind=kind, ecosystem=ecosystem, by="li", **more
        )  # fmt: skip

    def material(self, title="退休后的养老规划", **more):
        tag = self.taxonomy.create(f"标签{title}", "topic", by="li")
        return self.materials.create(
            "image_text", title, by="li", tags=[tag.id], body="<p>早做打算</p>", **more
        )

    def placed(self, material, account, *, hours=(-1, 5), by="li"):
        """On the shelf from so many hours from now until so many hours from now."""
        now = self.clock()
        opens, closes = (now + timedelta(hours=each) for each in hours)
        return self.publishing.place(
            material.id, account.code, opens=opens, closes=closes, by=by
        )  # fmt: skip

    def work(self):
        """One round of every duty."""
        return (
            publish_due(self.publishing)
            + send_due(self.publishing)
            + self.publishing.poll()
            + self.publishing.withdraw_due()
        )

    def close(self):
        self.outbound.close()
