"""The product's main job, end to end: real processes, real HTTP, the sandbox for a platform.

An editor makes and places materials, the app shows them exactly in their windows, the worker
publishes them, customers act on three ends and become one, a rep gets recommendations that follow
the next click. On SQLite, on PostgreSQL alone, and on a whole cluster of PostgreSQL, Elasticsearch
and S3; once every process is killed in the middle.
"""

import datetime as dt
import io
import json
import re
import subprocess
import sys
import urllib.parse
import uuid

import pytest
from PIL import Image
from segment.analytics import Client

from tests.flows.company import eventually
from tests.flows.conftest import PASSWORD
from tests.sizes import sized

pytestmark = [pytest.mark.timeout(600)]

SHELF = """
query Shelf($channel: ID!, $tags: [ID!], $first: Int = 20, $after: String) {
  shelf(channel: $channel, filter: {tags: {all: $tags, descendants: true}},
        first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id type title summary cover { url } tags { id label facet } opens closes trackedUrl }
  }
}"""
RECOMMEND = """
query Recommend($customer: ID!, $first: Int = 10) {
  recommendations(customer: $customer, first: $first) {
    id asOf
    items { position score propensity material { id title type } script { id text }
            reasons { kind text weight evidence } }
  }
}"""
CREATE = """mutation($input: CreateMaterialInput!) {
  createMaterial(input: $input) { material { id code } problems { code field message } } }"""
TAG = """mutation($input: TagMaterialsInput!) {
  tagMaterials(input: $input) { problems { code field message } } }"""
PLACE = """mutation($input: PlaceMaterialInput!) {
  placeMaterial(input: $input) { placement { id } problems { code field message } } }"""
MOVE = """mutation($input: MovePlacementInput!) {
  movePlacement(input: $input) { placement { id } problems { code field message } } }"""
DOTS = """{ me { unreadReminders reminders(first: 20) {
  nodes { id kind customer material { id } due unread evidence } } } }"""
LATENCY = '{ report(code: "latency") { totals } }'
OPEN_DOT = """mutation($input: OpenReminderInput!) {
  openReminder(input: $input) { problems { code } } }"""
TIMELINE = """query($id: ID!) { customer(id: $id) { id
  timeline(first: 100) { totalCount nodes { id kind at source } } } }"""
FIND = """query($handle: String!) {
  customers(filter: {handle: $handle}) { nodes { id } totalCount } }"""

NEW_TAG = """mutation($input: CreateTagInput!) {
  createTag(input: $input) { tag { id } problems { code field message } } }"""
TOPICS = [
    ("topic.elder", "养老", None, ["退休"]),
    ("topic.elder_community", "养老社区", "topic.elder", ["养老院"]),
    ("topic.wealth", "理财", None, []),
]
MATERIALS = [
    ("opening", "script", "养老话题开场白", "topic.elder_community"),
    ("objection", "script", "客户说太贵了怎么答", "topic.wealth"),
    ("note", "product_note", "安和养老社区产品说明", "topic.elder_community"),
    ("fund-note", "product_note", "稳健理财产品说明", "topic.wealth"),
    ("article", "image_text", "退休后的养老规划", "topic.elder_community"),
    ("poster", "poster", "开放日海报", "topic.elder_community"),
    ("video", "short_video", "走进养老社区", "topic.elder_community"),
    ("tool", "mini_program_tool", "养老金计算器", "topic.wealth"),
]


def now():
    return dt.datetime.now(dt.UTC)


class Desk:
    """A browser that runs no scripts: it keeps cookies, sends forms, follows redirects."""

    def __init__(self, web, name, password):
        self._web = web
        self._cookie = ""
        self.post("/login", name=name, password=password)

    def ask(self, path):
        return self._web(
            "GET", urllib.parse.quote(path, safe="/?=&"),
            headers={"Cookie": self._cookie, "Accept": "text/html"},
        )  # fmt: skip

    def get(self, path):
        page = self.ask(path)
        assert page.status == 200, (path, page.status)
        return page.data.decode()

    def post(self, path, **typed):
        form = self.get("/login" if path == "/login" else "/console/place")
        token = re.search(r'name="csrf" value="([^"]*)"', form)
        typed["csrf"] = token.group(1) if token else ""
        done = self._web(
            "POST", path, body=urllib.parse.urlencode(typed),
            headers={
                "Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "text/html",
            },
        )  # fmt: skip
        assert done.status in {302, 303}, (path, done.status, done.data.decode()[-3000:])
        for cookie in done.headers.getlist("Set-Cookie"):
            if cookie.startswith("jz_session="):
                self._cookie = cookie.split(";")[0]


class Flow:
    """One run through the main job; each step asks what the step before promised."""

    def __init__(self, company):
        self.company = company
        self.web = company.web
        self.ids = {}
        self.tags = {}

    def editor(self, query, **variables):
        return self.web.graphql(query, self.company.tokens["editor"], **variables)

    def does(self, mutation, **told):
        (payload,) = self.editor(mutation, input=told).values()
        assert payload["problems"] == []
        return payload

    # 1

    def makes_and_places_materials(self):
        self.makes_a_taxonomy()
        picture, paper = self.uploads()
        for code, kind, title, tag in MATERIALS:
            made = self.does(
                CREATE, code=code, type=kind, title=title, summary=f"{title}摘要", cover=picture,
                body=f"<p>{title}正文</p>", fields=self.fields_of(kind, paper),
            )  # fmt: skip
            self.ids[code] = made["material"]["id"]
            self.does(TAG, materials=[code], add=[tag])
        closes = now() + dt.timedelta(days=7)
        for code in self.ids:
            self.places(code, "app", now() - dt.timedelta(seconds=1), closes)
        self.opens = now() + dt.timedelta(seconds=2)
        self.on_account = self.places("article", "oa", self.opens, closes)

    def makes_a_taxonomy(self):
        """A tree with synonyms: 养老 over 养老社区, beside 理财."""
        for code, label, parent, synonyms in TOPICS:
            self.does(
                NEW_TAG, facet="topic", code=code, label=label, parent=parent, synonyms=synonyms
            )
        found = self.editor('{ tags(text: "养老院", first: 5) { nodes { code } } }')
        assert [each["code"] for each in found["tags"]["nodes"]] == ["topic.elder_community"]

    def uploads(self):
        """A cover, and a product note of two pages."""
        from PIL import Image

        ids = []
        for kind, mode in (("PNG", "picture"), ("PDF", "paper")):
            file = self.company.processes.home / f"{mode}.{kind.lower()}"
            pages = [Image.new("RGB", (900, 500), colour) for colour in ("#246", "#864")]
            extra = {"save_all": True, "append_images": pages[1:]} if kind == "PDF" else {}
            pages[0].save(file, kind, **extra)
            answer = self.web(
                "POST", "/media", self.company.tokens["editor"], body=file.read_bytes()
            )
            assert answer.status in {200, 201}, answer.data
            ids.append(json.loads(answer.data)["id"])
        return ids

    @staticmethod
    def fields_of(kind, paper):
        fields = {
            "product_note": {"document": paper, "risk_level": "R2"},
            "mini_program_tool": {"app_id": "wx0002", "path": "/pages/pension"},
        }
        return [{"name": name, "value": value} for name, value in fields.get(kind, {}).items()]

    def places(self, code, channel, opens, closes):
        return self.does(
            PLACE, material=code, channel=channel, opens=opens.isoformat(),
            closes=closes.isoformat(),
        )["placement"]["id"]  # fmt: skip

    def editor_does_the_same_in_the_console_without_scripts(self):
        """Forms and redirects only: make, tag, place, see it on the shelf, retire it."""
        desk = Desk(self.web, "editor", PASSWORD)
        desk.post(
            "/console/materials/new?type=script", title="后台写的话术", body="您好", code="desk",
            tag="topic.wealth",
        )  # fmt: skip
        assert "后台写的话术" in desk.get("/console/materials?q=后台写的话术")
        opens = (now() + dt.timedelta(hours=8, minutes=-1)).strftime("%Y-%m-%dT%H:%M")
        closes = (now() + dt.timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M")
        window = {"opens": opens, "closes": closes}
        desk.post(
            "/console/place", act="place", material="desk", account=self.company.ids["app"],
            slot="", campaign="", **window,
        )  # fmt: skip
        assert "后台写的话术" in desk.get("/console/shelf?account=app")
        titles = {each["title"] for each in self.standing()}
        assert "后台写的话术" in titles
        desk.post("/console/shelf/retire", key="desk", confirm="下架")
        assert "后台写的话术" not in {each["title"] for each in self.standing()}

    # 2

    def standing(self):
        told = self.web.graphql(SHELF, self.company.tokens["app"], channel="app", first=50)
        return told["shelf"]["nodes"]

    def shelf(self, channel="app", token="app"):
        told = self.web.graphql(SHELF, self.company.tokens[token], channel=channel, first=50)
        return {each["id"] for each in told["shelf"]["nodes"]}

    def app_sees_a_material_exactly_in_its_window(self):
        """With caching on (the same query again and again) and with the worker killed."""
        self.company.processes.kill("worker")
        opens = now() + dt.timedelta(seconds=2)
        closes = opens + dt.timedelta(seconds=2)
        made = self.does(CREATE, code="flash", type="script", title="限时话术", body="<p>快</p>",
                         fields=[])  # fmt: skip
        self.does(TAG, materials=["flash"], add=["topic.wealth"])
        self.places("flash", "app", opens, closes)
        flash, seen = made["material"]["id"], []
        while now() < closes + dt.timedelta(seconds=0.5):
            before = now()
            shown = flash in self.shelf()
            seen.append((before, shown, now()))
        for before, shown, after in seen:
            if after < opens or before >= closes:
                assert not shown
            if before >= opens and after < closes:
                assert shown
        assert {shown for _, shown, _ in seen} == {True, False}
        self.company.start_worker()

    def etag_changes_exactly_at_a_boundary(self):
        """The same while nothing changes, another from the boundary on, another for a rep."""
        opens = now() + dt.timedelta(seconds=2)
        self.places("flash", "app", opens, opens + dt.timedelta(days=1))
        first = self.asked_by("app")
        seen = []
        while now() < opens + dt.timedelta(seconds=0.4):
            before = now()
            again = self.asked_by("app", first.headers["ETag"])
            seen.append((before, again.status, now()))
            assert again.data == b"" or again.status == 200
        for before, status, after in seen:
            if after < opens or before >= opens:
                assert status == (304 if after < opens else 200)
        rep = self.asked_by("rep", first.headers["ETag"])
        assert rep.status == 200
        assert rep.headers["ETag"] != first.headers["ETag"]

    def asked_by(self, who, held=""):
        ask = {"query": '{ shelf(channel: "app") { nodes { id title trackedUrl } } }'}
        token = self.company.tokens[who]
        return self.web("GET", "/graphql", token, fields=ask, headers={"If-None-Match": held})

    # 3

    def published(self):
        told = json.loads(self.company.sandbox("GET", "/sandbox/published").data)
        return told["articles"]

    def worker_publishes_once_and_withdraws_at_closing(self):
        shown = eventually(lambda: [each for each in self.published() if each["shown"]])
        assert [each["title"] for each in shown] == ["退休后的养老规划"]
        assert now() >= self.opens
        assert eventually(lambda: self.delivery_progress() == "shown")
        closes = now() + dt.timedelta(seconds=2)
        self.does(
            MOVE, placement=self.on_account, opens=self.opens.isoformat(),
            closes=closes.isoformat(),
        )  # fmt: skip
        gone = eventually(lambda: not any(each["shown"] for each in self.published()))
        assert gone
        assert now() >= closes
        assert len(self.published()) == 1

    def delivery_progress(self):
        told = self.editor("{ deliveries(first: 10) { nodes { id state progress } } }")
        return next((each["progress"] for each in told["deliveries"]["nodes"]), None)

    # 4

    def customer_acts_on_three_ends(self):
        """As a user of the app, as a reader in a browser, as a follower of the account."""
        self.sdk_sends("u-zhou", [("identify", {"name": "周敏", "phone": "13800001234"})])
        self.cookie = self.reads_by_link("article")
        self.company.sandbox("POST", "/sandbox/followers/o-zhou/follow", json={})
        self.handles = [
            f"user:{self.company.ids['app']}:u-zhou",
            f"cookie::{self.cookie}",
            f"openid:{self.company.ids['oa']}:o-zhou",
        ]
        found = eventually(lambda: all(self.customer(handle) for handle in self.handles))
        assert found, [self.customer(handle) for handle in self.handles]
        openid = self.handles[2]
        assert eventually(lambda: "identified" in self.kinds(self.customer(openid)[0]))

    def sdk_sends(self, user, calls, **more):
        """The unmodified client library, against our door."""
        client = Client(
            self.company.write_key, host=self.web.url, upload_interval=0.05,
            on_error=self.sdk_failed,
        )  # fmt: skip
        for call, told in calls:
            if call == "identify":
                client.identify(user, told, **more)
            else:
                client.track(user, call, told, **more)
        client.flush()
        client.join()

    @staticmethod
    def sdk_failed(error, items):
        raise AssertionError(f"{error}: {items}")

    def reads_by_link(self, code):
        told = self.web.graphql(SHELF, self.company.tokens["app"], channel="app", first=50)
        nodes = told["shelf"]["nodes"]
        link = next(each["trackedUrl"] for each in nodes if each["id"] == self.ids[code])
        opened = self.web("GET", link)
        assert opened.status == 302, opened.data
        cookie = opened.headers["Set-Cookie"].split(";")[0]
        page = self.web("GET", opened.headers["Location"], headers={"Cookie": cookie})
        assert page.status == 200
        assert "退休后的养老规划" in page.data.decode()
        return cookie.partition("=")[2]

    def customer(self, handle):
        told = self.web.graphql(FIND, self.company.tokens["admin"], handle=handle)
        return [each["id"] for each in told["customers"]["nodes"]]

    def three_handles_become_one_customer(self):
        assert len({self.customer(handle)[0] for handle in self.handles}) == 3
        before = sum(self.timeline(self.customer(handle)[0])[0] for handle in self.handles)
        external = [
            {"id": self.cookie, "type": "cookie", "collection": "users"},
            {"id": "u-zhou", "type": "unionid", "collection": "users"},
        ]
        self.sdk_sends(
            "u-zhou", [("identify", {"name": "周敏"})], context={"externalIds": external}
        )
        merged = eventually(
            lambda: len({self.customer(handle)[0] for handle in self.handles}) == 1, 20
        )
        assert merged
        (self.zhou,) = {self.customer(handle)[0] for handle in self.handles}
        count, nodes = self.timeline(self.zhou)
        assert count == len(nodes) == len({each["id"] for each in nodes}) == before + 1
        moments = [each["at"] for each in nodes]
        assert moments == sorted(moments, reverse=True)

    def timeline(self, customer):
        told = self.web.graphql(TIMELINE, self.company.tokens["admin"], id=customer)
        line = told["customer"]["timeline"]
        # When the nightly look at all fans comes, and tells her tags, is the worker's own affair.
        nodes = [each for each in line["nodes"] if not each["id"].startswith("tags:")]
        return line["totalCount"] - len(line["nodes"]) + len(nodes), nodes

    def kinds(self, customer):
        return [each["kind"] for each in self.timeline(customer)[1]]

    def a_repeat_and_a_late_event_change_only_what_they_must(self):
        count, _ = self.timeline(self.zhou)
        key, at = str(uuid.uuid4()), now() - dt.timedelta(days=3)
        for _ in range(2):
            self.sdk_sends(
                "u-zhou", [("Product Viewed", {"product": "养老社区"})], message_id=key,
                timestamp=at,
            )  # fmt: skip
        assert eventually(lambda: self.timeline(self.zhou)[0] == count + 1)
        assert self.timeline(self.zhou)[1][-1]["kind"] == "viewed_product"

    # 5

    def rep_gets_recommendations_that_follow_the_next_click(self):
        """In the process that she asked before, and in another that knows only the stores."""
        self.entrusts()
        self.company.start_another_web()
        first = self.recommended()
        kinds = [each["material"]["type"] for each in first["items"]]
        assert "product_note" in kinds
        assert any(each["script"] for each in first["items"])
        for each in first["items"]:
            assert each["score"] == pytest.approx(
                sum(reason["weight"] for reason in each["reasons"]), abs=1e-9
            )
            assert 0 < each["propensity"] <= 1
        places = [each["position"] for each in first["items"]]
        assert places == list(range(1, len(places) + 1))
        again = self.recommended()  # another list is another offer, the same one at once is not
        assert again["id"] != first["id"] or self.order(again) == self.order(first)
        there = self.ranking(self.recommended(self.company.other))
        assert dict(there) == pytest.approx(dict(self.ranking(first)), abs=1e-3)  # all grow older
        took = [self.seen_in_the_list(code) for code in ("fund-note", "poster", "video")]
        assert min(took) < dt.timedelta(seconds=2)  # one of three: other tests run beside us

    def seen_in_the_list(self, code):
        """How long after her click the list differs, in both processes."""
        before = self.order(self.recommended())
        self.sdk_sends("u-zhou", [("Material Opened", {"material": self.ids[code]})])
        clicked = now()
        for web in (self.company.other, self.web):
            assert eventually(
                lambda web=web: self.order(self.recommended(web)) != before, every=0.02
            )
        return now() - clicked

    def a_red_dot_leads_to_her(self):
        """She opens what the rep shared: one dot, counted once, put out by opening it."""
        told = self.web.graphql(SHELF, self.company.tokens["rep"], channel="app", first=50)
        link = next(
            each["trackedUrl"] for each in told["shelf"]["nodes"] if each["id"] == self.ids["note"]
        )
        cookie = {"Cookie": f"jz_c={self.cookie}"}
        before = self.dots()["unreadReminders"]
        opened = self.web("GET", link, headers=cookie)
        assert self.web("GET", opened.headers["Location"], headers=cookie).status == 200
        assert eventually(lambda: self.dots()["unreadReminders"] == before + 1)
        dot = next(each for each in self.dots()["reminders"]["nodes"] if each["unread"])
        (present,) = self.customer(self.handles[0])  # a late event may have named her anew
        assert (dot["customer"], dot["material"]["id"]) == (present, self.ids["note"])
        assert dot["evidence"]
        self.web.graphql(OPEN_DOT, self.company.tokens["rep"], input={"reminder": dot["id"]})
        assert self.dots()["unreadReminders"] == before

    def dots_come_soon(self):
        """Of what made a red dot until the rep sees it: 95 of 100 within a minute, it says."""

        def told():
            report = self.web.graphql(LATENCY, self.company.tokens["admin"])["report"]
            return report["totals"] if report["totals"][1] else None

        _, _, _, p95 = eventually(told)
        assert p95 <= 60

    def dots(self):
        return self.web.graphql(DOTS, self.company.tokens["rep"])["me"]

    def entrusts(self):
        done = subprocess.run(
            [sys.executable, "-c", _ENTRUST, self.handles[0], self.company.ids["rep"]],
            cwd=self.company.processes.home, env=self.company.processes.environment,
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def recommended(self, web=None):
        ask = (web or self.web).graphql
        told = ask(RECOMMEND, self.company.tokens["rep"], customer=self.zhou)
        return told["recommendations"]

    @staticmethod
    def ranking(offer):
        return [(each["material"]["id"], each["score"]) for each in offer["items"]]

    def order(self, offer):
        return [material for material, _ in self.ranking(offer)]

    # 6

    def browsers_fetch_files_from_the_bucket(self):
        out = io.BytesIO()
        Image.new("RGBA", (40, 30), (0, 128, 128, 90)).save(out, "PNG")
        made = self.web("POST", "/media", self.company.tokens["editor"], body=out.getvalue())
        told = self.web("GET", f"/media/{json.loads(made.data)['id']}/original")
        assert told.status == 302
        picture = self.web("GET", told.headers["Location"])
        assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
        assert Image.open(io.BytesIO(picture.data)).size == (40, 30)
        origin = "/".join(told.headers["Location"].split("/")[:3])
        assert origin in self.web("GET", "/login").headers["Content-Security-Policy"]

    def check_finds_nothing(self):
        done = subprocess.run(
            [sys.executable, "-m", "juzhen", "check"],
            cwd=self.company.processes.home, env=self.company.processes.environment,
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


_ENTRUST = """
import sys
from juzhen.settings import load
from juzhen.wiring import assemble
platform = assemble(load())
platform.customers.entrust(sys.argv[1], sys.argv[2], by="t")
platform.close()
"""


@pytest.mark.rule("R19.3")
def test_the_main_job(company):
    the_main_job(Flow(company))


@pytest.mark.postgres
@pytest.mark.elastic
@pytest.mark.s3
def test_the_main_job_on_a_whole_cluster(cluster_company):
    flow = Flow(cluster_company)
    flow.browsers_fetch_files_from_the_bucket()
    the_main_job(flow)


def the_main_job(flow):
    flow.makes_and_places_materials()
    flow.editor_does_the_same_in_the_console_without_scripts()
    flow.worker_publishes_once_and_withdraws_at_closing()
    flow.app_sees_a_material_exactly_in_its_window()
    flow.etag_changes_exactly_at_a_boundary()
    flow.customer_acts_on_three_ends()
    flow.three_handles_become_one_customer()
    flow.a_repeat_and_a_late_event_change_only_what_they_must()
    flow.rep_gets_recommendations_that_follow_the_next_click()
    flow.a_red_dot_leads_to_her()
    flow.dots_come_soon()
    flow.check_finds_nothing()


@pytest.mark.parametrize("engine_name", sized(["sqlite"], ["sqlite", "postgres"]), indirect=True)
def test_the_main_job_with_every_process_killed_in_the_middle(company):
    flow = Flow(company)
    flow.makes_and_places_materials()
    company.processes.kill("worker")
    company.processes.kill("web")
    company.processes.kill("sandbox")
    company.start()
    flow.editor_does_the_same_in_the_console_without_scripts()
    flow.worker_publishes_once_and_withdraws_at_closing()
    flow.app_sees_a_material_exactly_in_its_window()
    flow.customer_acts_on_three_ends()
    for name in ("web", "worker", "sandbox"):
        company.processes.kill(name)
    company.start()
    flow.etag_changes_exactly_at_a_boundary()
    flow.three_handles_become_one_customer()
    flow.a_repeat_and_a_late_event_change_only_what_they_must()
    flow.rep_gets_recommendations_that_follow_the_next_click()
    flow.a_red_dot_leads_to_her()
    flow.check_finds_nothing()
