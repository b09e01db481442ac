"""The demo company: the same seed, the same company, and habits that a visitor can see."""

import io
import json
import random
import stat
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import func, select

from content_hub.compliance import Compliance
from content_hub.tags.shipped import SHIPPED
from data_hub.identities import own_id
from engagement.reminders import Reminder
from juzhen.cli import juzhen
from juzhen.demo import access
from juzhen.demo.advising import _Told
from juzhen.demo.behaviour import Behaviour
from juzhen.demo.build import build, move
from juzhen.demo.campaigns import CAMPAIGNS
from juzhen.demo.company import APP, OFFICIAL, TAGS, Company
from juzhen.demo.home import forget, read, settings_of
from juzhen.demo.library import pieces
from juzhen.demo.making import MOTIFS, document, picture, video
from juzhen.demo.people import people
from juzhen.demo.stocking import Stocked
from juzhen.settings import begin
from juzhen.wiring import assemble, migrate
from kernel.actors import Role
from kernel.calendar import Zone
from kernel.errors import Conflict
from kernel.events import Handle, unpack
from matching.experiments import held_out
from matching.offers import Offer

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def library():
    return pieces(TODAY, random.Random(1))


def test_six_hundred_materials_of_every_kind(library):
    kinds = Counter(piece.type for piece in library)

    assert sum(kinds.values()) == 600
    assert min(kinds.values()) >= 10
    assert len({piece.code for piece in library}) == 600
    assert len(CAMPAIGNS) == 12


def test_the_same_seed_makes_the_same_library(library):
    assert pieces(TODAY, random.Random(1)) == library


def test_every_campaign_shows_something_within_its_time(library):
    shown = {}
    for piece in library:
        if piece.campaign:
            shown.setdefault(piece.campaign, []).append(piece)

    for campaign in CAMPAIGNS:
        hers = shown.pop(campaign.code)
        assert len(hers) >= 2
        assert {piece.topic for piece in hers} == set(campaign.topics)
        assert {piece.shown for piece in hers} == {(campaign.opens, campaign.closes)}
    assert shown == {}


def test_no_text_says_what_may_not_be_said(library, records, changes, clock):
    compliance = Compliance(records, changes, clock)
    for piece in library:
        assert compliance.barred(f"{piece.title} {piece.summary} {piece.body}") == [], piece.code
        assert 4 <= len(piece.title) <= 32, piece.code
        assert len(piece.body) >= 25, piece.code


def test_every_tag_of_the_library_is_in_the_companys_words(library):
    words = {word.code for word in SHIPPED} | set(TAGS)

    assert {tag for piece in library for tag in piece.tags} <= words


def test_what_the_company_talks_about_has_its_name_in_both_languages(platform):
    assert [tag.zh for tag in platform.taxonomy.now().by_id.values() if tag.en == tag.zh] == []


def test_pictures_documents_and_videos_are_what_they_say():
    for motif in MOTIFS:
        assert Image.open(io.BytesIO(picture(motif, 1))).format == "JPEG"
    tall = Image.open(io.BytesIO(picture("star", 0, poster=True)))
    assert tall.height > tall.width

    pages = pypdfium2.PdfDocument(document("产品说明", ["■ 亮点", "保障清楚。" * 40] * 8, "禾嘉"))
    assert len(pages) > 1
    assert "产品说明" in pages[0].get_textpage().get_text_range()
    pages.close()

    clip = video([picture("cake", n, poster=True) for n in range(3)])
    assert clip[4:8] == b"ftyp"
    assert len(clip) < 100_000


@pytest.fixture
def platform(home):
    opened = assemble(settings_of(home, 14_000))
    yield opened
    opened.close()


@pytest.fixture
def company(platform):
    """The small company as what tells its people and their days knows it."""
    reps = list(platform.staff.many(platform.staff.reps()).values())
    return Company(
        app=platform.accounts.one(APP), official=platform.accounts.one(OFFICIAL), sandbox={},
        staff={}, reps=reps, branches=[], tags={}, cities={rep.unit: "苏州" for rep in reps},
    )  # fmt: skip


def test_the_same_seed_makes_the_same_people_and_the_same_days_of_theirs(company, library):
    stocked = [Stocked(piece, f"mat_{piece.code}") for piece in library]
    now = datetime(2026, 11, 23, 4, tzinfo=UTC)

    def told(seed):
        dice = random.Random(seed)
        everybody = people(company, TODAY, dice, 400)
        return everybody, Behaviour(company, stocked, now, Zone(), dice).of(everybody, 4_000)

    everybody, days = told(1)
    assert (everybody, days) == told(1)
    assert told(1) != told(2)
    deals = [each for hers in days for each in hers if b'"bought"' in each.packed]
    assert all(unpack(each.packed).rep for each in deals)
    ago = Counter((now - each.at).days // 7 for each in deals)
    assert ago[0], "this week's board is empty"
    assert sum(ago[week] > 0 for week in range(13)) > 8


def test_access_is_told_to_its_owner_alone(home, platform):
    told = json.loads((home / "access.json").read_text("utf-8"))

    assert stat.S_IMODE((home / "access.json").stat().st_mode) == 0o600
    assert (told["url"], told["sandbox_url"]) == (
        "http://127.0.0.1:18000",
        "http://127.0.0.1:18001",
    )
    for role, token in told["tokens"].items():
        assert platform.access.of_token(token).role == role
    assert (
        platform.access.of_token(told["tokens"]["channel_app"]).account
        == (told["ids"]["channel_app"])
    )
    assert {login["role"] for login in told["logins"]} >= {"admin", "editor", "publisher", "rep"}
    assert set(told["ids"]) == {
        "rep", "customer", "customer_user_id", "material", "tag", "channel_app",
        "account_official",
    }  # fmt: skip
    assert platform.materials.one(told["ids"]["material"]).type == "image_text"


def test_the_customer_of_the_tour_is_digested_before_anybody_waits(home, platform):
    ids = read(home)["ids"]
    rep = platform.staff.actor(ids["rep"])

    shown = platform.customers.seen_by(rep).one(ids["customer"])
    assert (shown.name, shown.masked) == ("林秀兰", False)
    profile = platform.profiles.of(ids["customer"])
    assert profile.favourite_hour in {19, 20, 21, 22}, profile.hours
    kinds = {"user", "openid", "unionid", "phone", "external_userid"}
    assert {handle.kind for handle in shown.handles} == kinds
    assert platform.reminders.unread(ids["rep"]) > 0


def test_habits_show_among_the_star_reps_customers(home, platform):
    ids = read(home)["ids"]
    seen = platform.customers.seen_by(platform.staff.actor(ids["rep"]))
    everybody = seen.page(first=100).items
    profiles = platform.profiles.many([each.id for each in everybody])

    assert sum(len(profile.month_ends) >= 3 for profile in profiles.values()) >= 4
    today = platform.zone.day(datetime.now(UTC))
    soon = [h for p in profiles.values() for h in p.holdings() if h.matures]
    assert any(timedelta() < h.matures - today <= timedelta(days=30) for h in soon)
    silent = datetime.now(UTC) - timedelta(days=45)
    assert sum(bool(p.active_at and p.active_at < silent) for p in profiles.values()) >= 3
    assert "phone" in {h.kind for p in platform.identities.parked() for h in (p.one, p.other)}


def test_exactly_so_many_events_are_told_and_one_delivery_is_parked(platform):
    while platform.fold.run():
        pass
    told = sum(each.count for each in platform.history.counts(()))
    with platform.records.read() as session:
        lists = session.scalar(select(func.count()).where(Offer.policy == "demo"))
    assert told == 8_000 + 12 + lists  # and that the star rep has twelve friends on WeCom
    (parked,) = platform.deliveries.page(state="parked").items
    assert parked.reason == "reply_window_closed"
    assert platform.accounts.one(parked.account).kind == "wechat_oa"  # where there is such a window


def test_the_shelf_stands_and_the_sandbox_knows_its_people(home, platform):
    ids = read(home)["ids"]

    assert platform.shelf.page(ids["channel_app"], first=1, count=True).total > 30
    official, app, *_ = json.loads((home / "sandbox" / "accounts.json").read_text("utf-8"))
    assert len(official["cast"]) == len(app["customers"]) == 24
    lead = Handle("openid", ids["account_official"], official["cast"][0]["openid"])
    assert platform.identities.customer_of(lead) == ids["customer"]


def test_what_reps_did_with_their_lists_can_be_judged_by_the_week_and_waits_on_no_phone(platform):
    platform.responses.count()
    *over, _ = platform.responses.weeks()
    assert all(each.recommended >= 100 for each in over)
    assert over[0].trigger_rate < over[-1].trigger_rate
    assert all(0 < each.acted < each.shown for each in over)
    with platform.records.read() as session:
        tasks = session.scalars(select(Reminder).where(Reminder.cycle.startswith("demo:"))).all()
        offers = session.scalars(select(Offer).where(Offer.policy == "demo")).all()
    assert all(each.opened and each.ends for each in tasks)
    for each in offers:
        shown = [item.material for item in each.told()]
        assert len({*shown}) == len(shown) > 0


def test_reps_write_to_six_of_whom_is_held_out_where_they_write_to_ten_of_the_others(
    company, platform, library
):
    stocked = [Stocked(piece, f"mat_{piece.code}") for piece in library]
    dice, every_other = random.Random(1), {*range(0, 400, 2)}
    everybody = people(company, TODAY, dice, 400)
    told = _Told(platform, company, stocked, every_other)
    monday = datetime(2026, 8, 31, tzinfo=UTC)
    for week in range(24):
        begins = monday + timedelta(weeks=week)
        told.week(everybody, begins, begins + timedelta(weeks=4), 0.5, dice)
    place = {str(person.handle(company)): n for n, person in enumerate(everybody)}
    written = [place[each["handle"]] in every_other for each in told.touches]
    asked = [each in every_other for each in told.about]
    held, others = (written.count(part) / asked.count(part) for part in (True, False))
    assert held / others == pytest.approx(0.6, abs=0.1)


def test_a_tenth_is_held_out_and_the_customer_of_the_tour_is_not_among_them(home, platform):
    hers = read(home)["ids"]["customer"]
    _, app, *_ = json.loads((home / "sandbox" / "accounts.json").read_text("utf-8"))
    assert hers == own_id(Handle("phone", "", app["customers"][0]["phone"]))  # in every demo
    assert platform.responses.hold_out == 0.1
    assert not held_out(hers, 0.1)


def test_going_on_under_another_port_moves_the_addresses(home):
    settings = settings_of(home, 18_500)
    move(home, settings)

    assert read(home)["url"] == "http://127.0.0.1:18500"
    move(home, settings_of(home, 14_000))


def test_only_a_demo_is_forgotten(tmp_path):
    (tmp_path / "letters.txt").write_text("dear…")
    with pytest.raises(Conflict):
        forget(tmp_path)
    assert (tmp_path / "letters.txt").exists()


def test_a_company_that_somebody_works_with_is_no_demo(tmp_path):
    begin(tmp_path, company_name="安和")
    (tmp_path / "records.db").write_bytes(b"all there is")
    with pytest.raises(Conflict):
        forget(tmp_path)
    assert (tmp_path / "records.db").exists()


def test_a_demo_that_was_broken_off_while_it_was_built_is_begun_again(tmp_path):
    settings_of(tmp_path / "demo", 18_000)
    forget(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_demo_writes_into_no_store_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("JUZHEN_STORES_RECORDS", "postgresql+psycopg://li:x@db/company")
    refused = CliRunner().invoke(juzhen, ["demo", "--home", str(tmp_path / "demo")])
    assert refused.exit_code != 0
    assert "JUZHEN_STORES_RECORDS" in str(refused.exception) + refused.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres
def test_stores_that_hold_a_company_without_its_folder_are_left_alone(
    tmp_path, monkeypatch, postgres_url
):
    monkeypatch.setenv("JUZHEN_STORES_RECORDS", postgres_url)
    settings = settings_of(tmp_path / "demo", 18_000)
    migrate(settings)
    platform = assemble(settings)
    platform.staff.add("li", "李", role=Role.EDITOR, by="li")
    platform.close()
    with pytest.raises(Conflict) as told:
        build(tmp_path / "demo", 18_000, lambda *_: None)
    assert told.value.reason == "demo_is_there_by_half"


def test_everybody_who_can_be_tried_out_is_staff():
    assert set(access.LOGINS) <= set(Role)
