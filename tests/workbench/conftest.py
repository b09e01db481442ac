"""The workbench's pages over real rooms, and a rep and a customer to work with."""

import base64
import threading
from datetime import timedelta

import pytest
from flask import g, request
from werkzeug.serving import make_server

from engagement.day_round import DayRound
from engagement.own_links import OwnLinks
from engagement.responses import Responses
from engagement.sharing import Sharing
from engagement.triggers import Triggers
from engagement.turnovers import Turnovers
from engagement.unadvised import Unadvised
from engagement.worth import Worths
from juzhen import workbench
from juzhen.web import public
from kernel.events import Handle
from matching.nearby import Nearby
from matching.sayings import Sayings
from stores.history import Fold
from tests.company import Company
from tests.web.pages_house import PagesHouse

AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
PHONE = {"Accept": "text/html", "Accept-Language": "zh-CN"}


class Desk(PagesHouse):
    """Whoever asks is named by the header ``X-Staff``, or is the one who ``works`` here."""

    def __init__(self, records, people, changes, clock, home):
        super().__init__(records, people, clock, home)
        self.company = company = Company(home, records, people, changes, clock)
        for name in (
            "taxonomy", "materials", "shelf", "staff", "customers", "profiles", "identities",
            "history", "recommender", "abilities", "reminders", "findings", "counters",
            "rules", "segments", "types", "feedback", "standings",
            "nightly", "leaderboards", "measures", "effects", "referrals",
            "predictions", "priorities", "digest",
        ):  # fmt: skip
            setattr(self, name, getattr(company, name))
        self.sayings = Sayings(self.finding, self.shelf, self.taxonomy, self.recommender, clock)
        self.fold = Fold(self.journal, self.history, clock)
        self.nearby = Nearby(self.customers, self.profiles, company.consents, clock)
        self.own_links = OwnLinks(records, changes, self.findings, self.identities, self.links)
        self.triggers = Triggers(
            records=records, findings=self.findings, history=self.history,
            reminders=self.reminders, profiles=self.profiles, identities=self.identities,
            customers=self.customers, staff=self.staff, clock=clock, zone=self.zone,
            own_links=self.own_links,
        )  # fmt: skip
        self.day_round = DayRound(
            records=records, people=people, reminders=self.reminders, profiles=self.profiles,
            identities=self.identities, customers=self.customers, clock=clock, zone=self.zone,
        )  # fmt: skip
        self.sharing = Sharing(
            records=records, changes=changes, accounts=self.accounts, channels=self.channels,
            publishing=self.publishing, touch_policy=self.touch_policy, shelf=self.shelf,
            links=self.links, consents=self.consents, compliance=self.compliance,
            reminders=self.reminders, base_url=self.base_url,
        )  # fmt: skip
        self.responses = Responses(records, people, self.identities, clock, self.zone)
        self.unadvised = Unadvised(records, people, self.identities, self.customers, clock)
        self.worths = Worths(self.responses, people)
        self.turnovers = Turnovers(records, self.identities, self.profiles, clock)
        self.works = ""

    def _arrive(self):
        super()._arrive()
        if staff := request.headers.get("X-Staff", self.works):
            g.actor = self.staff.actor(staff)

    def client(self):
        return self.application(workbench.blueprint(self), public.blueprint(self)).test_client()

    def work(self):
        """What the worker does, until there is nothing left."""
        while (
            self.fold.run() + self.company.digest.run() + self.own_links.follow()
            + self.triggers.follow()
        ):  # fmt: skip
            pass
        while self.day_round.run():
            pass
        while self.effects.follow():
            pass
        self.counters.fold()

    def close(self):
        self.company.close()
        super().close()


@pytest.fixture
def desk(records, people, changes, clock, tmp_path):
    made = Desk(records, people, changes, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def rep(desk):
    made = desk.company.hire("li", "老阿姨", "理财", name="李丽")
    desk.works = made.staff
    return made


@pytest.fixture
def shop(desk):
    """An official account and an app, with content on both."""
    oa = desk.accounts.add(
        code="oa", name="晨星财富", kind="wechat_oa", ecosystem="wechat", by="li",
        settings={"app_id": "wx1", "base_url": "https://api.weixin.qq.com"},
        secrets={"app_secret": "s", "token": "t", "aes_key": AES_KEY},
    )  # fmt: skip
    app = desk.accounts.add(code="app", name="晨星 App", kind="app", ecosystem="own_app", by="li")
    company = desk.company
    made = {"oa": oa, "app": app, "materials": []}
    now = company.clock()
    for topic in ("养老社区", "理财", "健康"):
        for number in range(3):
            id_ = company.place(f"{topic}这样选 第{number + 1}讲", topic, account=app.id)
            desk.shelf.place(id_, oa.id, opens=now, closes=now + timedelta(days=9), by="li")
            made["materials"].append(id_)
        company.place(
            f"{topic}开场白",
            topic,
            kind="script",
            account=app.id,
            body=f"{{客户称呼}}您好，我是{{客户经理}}，最近{topic}有新消息，想和您聊聊。",
        )
        company.place(f"{topic}产品说明", topic, kind="product_note", account=app.id)
    return made


@pytest.fixture
def her(desk, rep, shop):
    """A customer who is known by phone, in the app and at the official account."""
    company = desk.company
    phone = company.meet(rep=rep, name="王秀兰", gender="女", birthday="1960-03-04")
    openid = Handle("openid", shop["oa"].id, "o_wang")
    user = Handle("user", shop["app"].id, "u_wang")
    event = company.event("identified", phone)
    company.tell(
        type(event)(**{name: getattr(event, name) for name in (
            "id", "kind", "at", "account", "handle", "detail", "received")} | {
                "id": "link1", "links": (openid, user)})
    )  # fmt: skip
    company.tell(
        company.event("policy_issued", phone, policy="P1", product="稳盈三年",
                      matures="2026-03-20"),
        *(company.event("read_material", phone, each) for each in shop["materials"][:3]),
    )  # fmt: skip
    desk.work()
    return desk.identities.customer_of(phone)


@pytest.fixture
def served(desk):
    """The pages on a real port, for a browser."""
    server = make_server("127.0.0.1", 0, desk.application(
        workbench.blueprint(desk), public.blueprint(desk)), threaded=True)  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()
