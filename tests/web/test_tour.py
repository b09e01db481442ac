"""The start page: the demo's tour, and outside the demo no more than the way in."""

from dataclasses import replace

import orjson
import pytest

from data_hub.digest import Digest
from data_hub.findings import Findings
from data_hub.labels import label
from data_hub.profiles import Profiles
from engagement.reminders import Reminders
from juzhen.settings import Settings
from juzhen.web import tour
from kernel.events import Event, Handle
from kernel.wording import catalogue
from stores.sqlite.history import SqliteHistory
from tests.web.pages_house import PagesHouse

FOLLOWER = Handle("openid", "acc_oa", "o-zhou")


class TourHouse(PagesHouse):
    """The rooms whose counts the tour shows."""

    def __init__(self, records, people, clock, home):
        super().__init__(records, people, clock, home)
        self.settings = Settings(home=home, demo=True)
        self.history = SqliteHistory(home / "history.db", label=label, durability="process")
        self.profiles = Profiles(people, self.identities)
        self.reminders = Reminders(records, self.changes, clock)
        self.digest = Digest(
            self.history, people, records, self.identities, self.profiles, self, clock,
            findings=Findings(people), zone=self.zone,
        )  # fmt: skip

    def about(self, materials):
        return self.materials.topics(materials)

    def happened(self, number=4):
        events = [
            Event(id=f"e{n}", kind="messaged", at=self.clock(), account="acc_oa", handle=FOLLOWER)
            for n in range(number)
        ]
        self.history.put(events, upto=number)

    def close(self):
        self.history.close()
        super().close()


@pytest.fixture
def rooms(records, people, clock, tmp_path):
    kept = TourHouse(records, people, clock, tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def browser(rooms):
    return rooms.application(tour.blueprint(rooms)).test_client()


def write(rooms, **ids):
    told = {
        "sandbox_url": "http://127.0.0.1:8001",
        "tokens": {"channel_app": "jz_live_app"},
        "logins": [{"role": role} for role in ("admin", "editor", "publisher", "rep")],
        "ids": ids,
    }
    (rooms.settings.home / "access.json").write_bytes(orjson.dumps(told))


@pytest.mark.parametrize(("language", "word"), [("zh", "三分钟"), ("en", "Three minutes")])
def test_the_tour_speaks_both_languages_without_a_gap(rooms, browser, language, word):
    rooms.happened()
    rooms.digest.run()
    write(rooms, customer=rooms.identities.customer_of(FOLLOWER), rep="stf_rep")
    page = browser.get(f"/?lang={language}").text

    assert word in page
    assert not [key for key in catalogue() if key.startswith("tour_") and f">{key}<" in page]
    assert page.count('action="/login/demo"') == 3 + 4
    assert "http://127.0.0.1:8001/followers/o-zhou" in page
    assert "jz_live_app" in page


def test_the_rep_is_led_to_the_customer_whose_phone_one_plays(rooms, browser):
    rooms.happened()
    rooms.digest.run()
    customer = rooms.identities.customer_of(FOLLOWER)
    write(rooms, customer=customer, rep="stf_rep")
    assert f'value="/workbench/customers/{customer}"' in browser.get("/").text

    due = rooms.reminders.remind(
        "stf_rep", "birthday", str(FOLLOWER), due=rooms.clock(), cycle="2026", evidence={}
    )
    assert 'value="/workbench/?kind=birthday"' in browser.get("/").text
    rooms.reminders.open(due.id, "stf_rep")
    assert "/workbench/?kind=" not in browser.get("/").text


def test_a_company_that_is_still_being_built_says_so(browser):
    page = browser.get("/").text

    assert "还在搭建中" in page
    assert "http://127.0.0.1:8001" not in page


def test_what_moves_is_counted_anew_on_every_look(rooms, browser):
    write(rooms)
    before = browser.get("/tour/now").text
    rooms.happened()
    folded = browser.get("/tour/now").text
    rooms.digest.run()

    assert '<span class="stat">4</span>' not in before
    assert ('<span class="stat">4</span>' in folded, "0%" in folded) == (True, True)
    assert "100%" in browser.get("/tour/now").text


@pytest.mark.parametrize(
    ("actor", "leads_to"), [("", "/login"), ("rep", "/workbench/"), ("editor", "/console/")]
)
def test_outside_the_demo_it_only_shows_the_way_in(rooms, browser, actor, leads_to):
    rooms.settings = replace(rooms.settings, demo=False)
    answer = browser.get("/", headers={"X-Actor": actor})

    assert (answer.status_code, answer.location) == (302, leads_to)
    assert browser.get("/tour/now").status_code == 404
