"""The console over real rooms, with two accounts and something to work on."""

import os
import re
import threading
from itertools import count
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from content_hub.campaigns import Campaigns
from data_hub.ad_quality import AdQuality
from data_hub.customers import Customers
from data_hub.digest import Digest
from data_hub.findings import Findings
from data_hub.labels import label
from data_hub.leaderboards import Leaderboards
from data_hub.measures import Boards, Measures
from data_hub.prediction import Predictions
from data_hub.profiles import Profiles
from data_hub.referrals import Referrals
from data_hub.refusals import Refusals
from data_hub.reports.keeping import Reports
from data_hub.segments import Previews, Segments
from data_hub.standings import Standings
from data_hub.vip import Vips
from juzhen import console
from juzhen.transfer import Imports
from juzhen.web import public
from matching.conversions import Conversions
from matching.counters import Counters
from matching.sequels import Sequels
from stores.history import Fold
from stores.sqlite.history import SqliteHistory
from tests.browsing import violations
from tests.company import Topics
from tests.data_hub.telling import MONDAY
from tests.web.pages_house import PagesHouse


@pytest.fixture
def files():
    """Where files lie, if not in a folder of the test's own."""


@pytest.fixture
def rooms(records, people, clock, tmp_path, files):
    kept = PagesHouse(records, people, clock, tmp_path, files)
    kept.app = kept.accounts.add(
        code="app", name="客户 App", kind="app", ecosystem="own_app", by="li"
    )
    kept.wall = kept.accounts.add(
        code="board", name="公众号", kind="board", ecosystem="wechat", by="li"
    )
    kept.conversions = Conversions(
        people, Profiles(people, kept.identities), Sequels(records, kept.changes)
    )
    kept.pension = kept.taxonomy.create("养老", "topic", code="pension", en="Pension", by="li")
    yield kept
    kept.close()


@pytest.fixture
def flask(rooms):
    return rooms.application(console.blueprint(rooms), public.blueprint(rooms))


class Desk:
    """A browser without JavaScript, in somebody's hands."""

    def __init__(self, flask, role, unit=""):
        self._client = flask.test_client()
        self._headers = {"Accept": "text/html", "X-Unit": unit}
        self._headers |= {"X-Actor": role} if role else {}

    def get(self, path):
        return self._client.get(path, headers=self._headers)

    def post(self, path, follow=True, **form):
        answer = self._client.post(path, data=form, headers=self._headers)
        return self.get(answer.location) if follow and answer.status_code == 303 else answer


@pytest.fixture
def desk(flask):
    return Desk(flask, "editor")


@pytest.fixture
def desk_of(flask):
    return lambda role, unit="": Desk(flask, role, unit)


@pytest.fixture
def material(rooms):
    return rooms.materials.create(
        "image_text", "退休后的养老规划", summary="三步", tags=["pension"], by="li"
    )


@pytest.fixture
def standing_rooms(rooms, people, tmp_path, clock):
    """The same rooms with who stands where, and nothing more of the data hub."""
    history = SqliteHistory(tmp_path / "history.db", label=label, durability="process")
    profiles = Profiles(people, rooms.identities)
    segments = Segments(rooms.records, people, rooms.identities, rooms.changes, clock)
    rooms.standings = Standings(
        people, rooms.records, rooms.identities, profiles, history, segments, rooms.changes, clock
    )
    yield rooms
    history.close()


@pytest.fixture
def knowing_rooms(rooms, people, tmp_path, clock):
    """The same rooms with a data hub that digests what it is told."""
    clock.move(MONDAY - clock())
    r, c = rooms, rooms.changes
    r.history = SqliteHistory(tmp_path / "history.db", label=label, durability="process")
    r.fold = Fold(r.journal, r.history)
    r.people = people
    r.profiles = Profiles(people, r.identities)
    r.segments = Segments(r.records, people, r.identities, c, clock)
    r.predictions = Predictions(people, r.profiles, clock)
    r.standings = Standings(
        people, r.records, r.identities, r.profiles, r.history, r.segments, c, clock,
        chances=r.predictions.model,
    )  # fmt: skip
    r.previews = Previews(people, r.profiles, r.segments, r.standings.subjects, clock)
    r.customers = Customers(people, r.records, r.identities, r.history, r.staff, c, clock)
    r.digest = Digest(
        r.history, people, r.records, r.identities, r.profiles, Topics(r.materials), clock,
        standings=r.standings,
    )  # fmt: skip
    r.vips = Vips(people, r.history, r.identities, r.profiles, clock)
    r.boards = Boards(r.records, c, clock)
    r.measures = Measures(r.history, people, clock)
    r.ads = AdQuality(r.history, people, r.records, r.identities, c, clock)
    r.leaderboards = Leaderboards(r.history, r.records, r.staff, c, clock, books=r.customers)
    r.reports = Reports(
        r.history, people, r.identities, r.profiles, r.ads, r.leaderboards, r.vips.among, clock
    )
    r.referrals = Referrals(r.records, Findings(people), r.identities, c, clock, reward="5%")
    r.counters = Counters(people, r.history)
    r.imports = Imports(r.records, r.intake, r.history, r.customers, r.staff, c, clock)
    r.refusals = Refusals(r.history, r.intake, c, lambda told: None)
    r.campaigns = Campaigns(r.records, c, clock)
    upto = count(1)

    def tell(*events):
        r.history.put(events, upto=next(upto))
        while r.digest.run():
            pass

    r.tell = tell
    yield r
    r.history.close()


@pytest.fixture
def served(flask):
    server = make_server("127.0.0.1", 0, flask, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/console"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def opened(browser, served):
    """Opens a page of the console as an editor; ``width`` is the window's."""
    contexts = []

    def open_(path, width=1280, height=900, role="editor", page=None, **more):
        if page is not None:
            page.context.clear_cookies()
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{served}/{path}")
            return page
        context = browser.new_context(
            viewport={"width": width, "height": height},
            extra_http_headers={"X-Actor": role}, locale="zh-CN", has_touch=width < 500, **more,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{served}/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def for_everybody(opened):
    """No axe violation, no sideways scroll; a picture in both widths is kept. Each role goes from
    page to page in a window of its own."""
    kept = Path(os.environ.get("JUZHEN_SCREENSHOTS") or "var/screenshots")
    kept.mkdir(parents=True, exist_ok=True)

    windows = {}

    def look(path, role="editor"):
        page = windows[role] = opened(path, role=role, page=windows.get(role))
        assert violations(page) == [], path
        name = re.sub(r"mat_\w+|[^a-z0-9_]+", "-", path.lower()).strip("-").replace("--", "-")
        page.screenshot(path=kept / f"console-{name}.png", full_page=True)
        for width in (360, 640):  # 640 is 1280 at 200 %
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
            assert wide <= 0, (path, width)
        page.set_viewport_size({"width": 360, "height": 800})
        page.screenshot(path=kept / f"console-{name}-360.png", full_page=True)
        return page

    return look
