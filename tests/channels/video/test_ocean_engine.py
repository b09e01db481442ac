"""Leads of ads: asked for, linked by phone, told back what they were worth; over the sandbox."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.ad_leads import AdLeads, Verdict, verdict
from channels.base import Callback, Message, Post, Refused, SignedOut
from channels.outbound import Outbound, RateGate
from channels.video.grants import Grants
from channels.video.ocean_engine import OceanEngine
from data_hub.identities import Identities
from data_hub.standings import Standings
from data_hub.standings.records import StandingRow
from juzhen.sandbox.app import Process
from juzhen.sandbox.world import Settings
from kernel.errors import Invalid
from kernel.events import Handle
from kernel.secret import Secret
from stores.records import upsert

CODE, APP, NUMBER = "ads", "1700000000000009", 1_700_000_000_000_001
LEFT = {"name": "王女士", "telephone": "13800138000", "city": "上海", "ad": "plan-7"}


class Played:
    """The sandbox, and a hand for its people."""

    def __init__(self, process):
        self.world, self.url = process.world, f"http://127.0.0.1:{process.port}"
        self.tell("accounts", kind="ocean", code=CODE, app_id=APP, secret="s", name="安和投放")

    def tell(self, path, **told):
        request = Request(f"{self.url}/sandbox/{path}", json.dumps(told).encode())
        with urlopen(request) as answer:
            return json.load(answer)

    def leave(self, **told):
        return self.tell(f"ocean/{CODE}/leave", **(LEFT | told))["told"]

    @property
    def judged(self):
        with urlopen(f"{self.url}/sandbox/ocean/{CODE}") as answer:
            return {each["told"]["name"]: each["state"] for each in json.load(answer)["leads"]}


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    runs = Process(Settings(folder=tmp_path_factory.mktemp("sandbox"), hub="http://127.0.0.1:9"), 0)
    runs.start()
    yield runs
    runs.stop()


@pytest.fixture
def platform(process):
    """The same process, without anybody's leads and tokens."""
    with process.world.ledger.turn() as db:
        for name in ("oe_tokens", "oe_clues", "knobs"):
            if db.execute("select 1 from sqlite_master where name = ?", (name,)).fetchone():
                db.execute(f"delete from {name}")
    return Played(process)


@pytest.fixture
def outbound(platform):
    made = Outbound(origins=[platform.url])
    yield made
    made.close()


@pytest.fixture
def adapted(platform, outbound, records, changes, clock):
    clock.now = platform.world.clock()
    grants = Grants(records, changes, Sealer({"k": bytes(32)}), clock)

    def make(account="acc_ads", secret="s", advertisers=str(NUMBER)):
        return OceanEngine(
            outbound, grants, RateGate(records, clock), clock,
            account=account, app_id=APP, secret=Secret(secret), advertisers=advertisers,
            host=f"{platform.url}/ocean", consent=f"{platform.url}/ocean", per_minute=60_000,
        )  # fmt: skip

    return make


@pytest.fixture
def channel(adapted, platform):
    made = adapted()
    made.take_grant(platform.tell(f"ocean/{CODE}/consent")["told"], by="t")
    return made


@pytest.fixture
def hub(adapted, platform, records, people, changes, clock):
    """The keeper of leads with one account, and who is known."""
    accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    account = accounts.add(
        code=CODE, name="安和投放", kind="ocean_engine", ecosystem="video", by="t"
    )  # fmt: skip
    channel = adapted(account.id)
    channel.take_grant(platform.tell(f"ocean/{CODE}/consent")["told"], by="t")
    identities = Identities(people, records, changes, clock)
    made = AdLeads(
        records=records, changes=changes, accounts=accounts,
        channels=Channels(accounts, {"ocean_engine": lambda *_: channel}), intake=Taken(identities),
        identities=identities, clock=clock,
        standings=Standings(people, records, identities, None, None, None, changes, clock),
    )  # fmt: skip
    made.account, made.people = account, people
    return made


class Taken:
    """The intake and what follows it: each event once, and who is behind it."""

    def __init__(self, identities):
        self.events, self._identities = {}, identities

    def take(self, events, door):
        news = [each for each in events if each.id not in self.events]
        self.events |= {each.id: each for each in news}
        self._identities.note(news)


def stands(hub, platform, grade, *, occasions=0):
    """Whoever left the newest lead stands so from now on."""
    (newest, *_) = hub.of(hub.account.id)
    customer = hub._identities.customer_of(newest.handle)
    now = hub._clock()
    row = {
        "customer": customer, "handle": newest.handle, "node": "n", "node_since": now,
        "stage": "", "stage_since": None, "grade": grade, "grade_reason": "", "desire": "",
        "began": now, "occasions": occasions, "first_bought": 0.0, "last_bought": 0.0,
        "spent": 0.0, "gaps": 0, "gap_sum": 0.0, "gap_squares": 0.0,
    }  # fmt: skip
    with hub.people.write() as session:
        upsert(session, StandingRow, [row])


def later(hub, platform, clock, **by):
    """Both clocks go on; what is due is done."""
    seconds = timedelta(**by).total_seconds()
    platform.tell("clock", seconds=seconds)
    clock.now = platform.world.clock()
    while hub.pull():
        pass
    hub.tell()


def test_a_lead_is_somebody_who_left_her_phone_behind_an_ad(hub, platform, clock):
    number = platform.leave()
    later(hub, platform, clock, minutes=2)
    (event,) = hub._intake.events.values()
    assert (event.kind, event.handle) == ("left_contact", Handle("lead", hub.account.id, number))
    assert [each.value for each in event.links] == ["13800138000"]
    assert (event.detail["campaign"], event.detail["bidder"]) == ("plan-7", "ocean_engine")
    assert event.detail["left_by"] == "form"
    assert event.detail["city_name"] == "上海"
    assert event.detail["traits"] == {"name": "王女士"}
    assert "13800138000" not in str(event.detail)


def test_what_the_platform_tells_late_is_heard_and_nothing_twice(hub, platform, clock):
    platform.leave()
    later(hub, platform, clock, minutes=2)
    later(hub, platform, clock, minutes=2)
    assert [each.kind for each in hub._intake.events.values()] == ["left_contact"]
    later(hub, platform, clock, minutes=11)
    later(hub, platform, clock, minutes=2)
    first, second = hub._intake.events.values()
    assert (second.kind, second.handle) == ("identified", first.handle)
    assert second.detail["traits"] == {"clue_state": "1", "clue_app_name": "抖音"}


def test_more_than_a_page_of_leads_comes_in_whole(hub, platform, clock):
    for number in range(103):
        platform.world.clues.leave(
            platform.world.accounts.advertisers()[0], {"telephone": f"139{number:08}"}
        )
    later(hub, platform, clock, minutes=2)
    assert len(hub.of(hub.account.id, 200)) == 103


@pytest.mark.parametrize(
    ("grade", "occasions", "state"),
    [("unknown", 0, 0), ("D", 0, 0), ("C", 0, 194), ("B", 0, 196), ("A", 0, 196), ("A", 1, 285),
     ("E", 0, 10000)],
)  # fmt: skip
def test_what_she_turned_out_to_be_is_told_back(hub, platform, clock, grade, occasions, state):
    platform.leave()
    later(hub, platform, clock, minutes=2)
    stands(hub, platform, grade, occasions=occasions)
    later(hub, platform, clock, hours=2)
    assert platform.judged == {"王女士": state}


def test_more_is_told_once_it_is_more_and_never_less(hub, platform, clock, changes):
    platform.leave()
    later(hub, platform, clock, minutes=2)
    for grade, occasions in (("C", 0), ("C", 0), ("B", 0), ("C", 0), ("A", 2)):
        stands(hub, platform, grade, occasions=occasions)
        later(hub, platform, clock, hours=2)
    assert platform.judged == {"王女士": 285}
    acts = [each for each in changes.after("", 1000).changes if each.act == "lead_judged"]
    assert [each.detail["verdict"] for each in acts] == ["confirmed", "promising", "paid"]
    assert hub.of(hub.account.id)[0].next_at is None


def test_whoever_became_a_reps_friend_is_befriended():
    assert verdict(None, befriended=True) is Verdict.BEFRIENDED
    assert verdict(None, befriended=False) is Verdict.NOTHING


def test_a_token_of_yesterday_is_refreshed_and_one_of_last_month_asks_again(hub, platform, clock):
    later(hub, platform, clock, hours=30)
    platform.leave()
    later(hub, platform, clock, minutes=2)
    assert len(hub.of(hub.account.id)) == 1
    later(hub, platform, clock, days=31)
    account = hub._accounts.one(hub.account.id)
    assert (account.paused, account.paused_reason) == (True, "creator_must_grant")


def test_a_token_that_died_early_is_replaced_once(channel, platform, clock):
    with platform.world.ledger.turn() as db:
        db.execute("delete from oe_tokens where kind = 'access'")
    assert channel.leads(clock() - timedelta(hours=1), clock()) == []


def test_a_platform_in_trouble_is_asked_again_and_loses_nothing(hub, platform, clock):
    platform.leave()
    platform.tell("knobs", busy={"path": "clue/get"})
    later(hub, platform, clock, minutes=2)
    assert hub._intake.events == {}
    platform.tell("knobs", busy=None)
    later(hub, platform, clock, minutes=2)
    assert len(hub._intake.events) == 1


def test_the_wrong_secret_and_somebody_elses_advertiser_are_refused(
    adapted, channel, platform, clock
):
    with pytest.raises(SignedOut):
        adapted("acc_b", secret="x").take_grant(
            platform.tell(f"ocean/{CODE}/consent")["told"], by="t"
        )
    with pytest.raises(SignedOut):
        adapted(advertisers="5").leads(clock() - timedelta(hours=1), clock())
    with pytest.raises(Invalid):
        adapted(advertisers="none")
    with pytest.raises(Refused):
        channel.judge("1", Verdict.PAID)


def test_nothing_is_shown_said_or_heard_there(channel):
    post = Post(title="t", summary="", body="", link="")
    message = Message(handle=Handle("lead", "acc_ads", "1"), text="t")
    for act in (
        lambda: channel.publish(post, key="k"), lambda: channel.send(message, key="k"),
        lambda: channel.outcome("r"), lambda: channel.receive(Callback()),
    ):  # fmt: skip
        with pytest.raises(Refused):
            act()
    channel.withdraw("r")
    assert channel.find(post, key="k") is None
    assert channel.introduce(message.handle, None) is None


def test_a_person_leaves_a_lead_on_the_page_and_sees_what_it_was_worth(platform, channel, clock):
    form = b"name=%E6%9D%8E&telephone=13900139000"
    with urlopen(Request(f"{platform.url}/ocean/{CODE}/leads", form)) as page:
        assert "还没有回传" in page.read().decode()
    number = platform.world.clues.all(CODE)[0]["id"]
    channel.judge(str(7_300_000_000_000_000_000 + number), Verdict.PROMISING)
    with urlopen(f"{platform.url}/ocean/{CODE}?lang=en") as page:
        assert "promising" in page.read().decode()


def test_the_owner_says_yes_on_the_platforms_page(adapted, platform):
    where = adapted().consent("word", "http://hub/back")
    with urlopen(where) as page:
        assert "同意授权" in page.read().decode()
    assert parse_qsl(urlsplit(where).query)[1] == ("state", "word")
