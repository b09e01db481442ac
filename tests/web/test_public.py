"""What a customer sees: links that count, pages that read well on a phone, files that stay."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image

from channels.live_codes import Code
from content_hub import qr
from data_hub.identities import own_id
from juzhen.web import public
from tests.web.pages_house import PagesHouse

HOUR = timedelta(hours=1)
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0", "Accept": "text/html"}


@pytest.fixture
def rooms(records, people, clock, tmp_path):
    kept = PagesHouse(records, people, clock, tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def phone(rooms):
    return rooms.application(public.blueprint(rooms)).test_client()


@pytest.fixture
def rep(rooms):
    return rooms.staff.add("wang", "王敏", by="li")


def pdf(pages=3):
    out = io.BytesIO()
    sheets = [Image.new("RGB", (300, 420), color) for color in ("white", "red", "blue")][:pages]
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def png(color="#369"):
    out = io.BytesIO()
    Image.new("RGB", (300, 420), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def shown(rooms, clock):
    """A material on the app's shelf for an hour, with everything a customer wants to know."""

    def show(type_="image_text", **parts):
        if not hasattr(rooms, "twin"):
            rooms.twin = rooms.accounts.add(
                code="app", name="客户 App", kind="app", ecosystem="own_app", by="li"
            )
        if not rooms.taxonomy.find("养老"):
            rooms.taxonomy.create("养老", "topic", code="pension", by="li")
        made = rooms.materials.create(type_, "退休后的养老规划", tags=["pension"], by="li", **parts)
        rooms.shelf.place(made.id, rooms.twin.id, opens=clock(), closes=clock() + HOUR, by="li")
        return made

    return show


def link(rooms, material, rep=""):
    return "/t/" + rooms.links.make(material.id, rooms.twin.id, rep)


def test_a_link_is_counted_under_a_cookie_and_leads_to_the_page(rooms, phone, shown, rep):
    material = shown(summary="三步看懂", body="<p>第一步</p>", fields={"price": "每年 5000 元"})

    opened = phone.get(link(rooms, material, rep.id), headers=PHONE)
    page = phone.get(opened.location, headers=PHONE)

    assert opened.status_code == 302
    assert "HttpOnly" in opened.headers["Set-Cookie"]
    assert "SameSite=Lax" in opened.headers["Set-Cookie"]
    for said in ("退休后的养老规划", "三步看懂", "每年 5000 元", "<p>第一步</p>", "王敏"):
        assert said in page.text
    first, second = rooms.events()
    assert [first.kind, second.kind] == ["opened_link", "read_material"]
    assert first.handle == second.handle
    assert first.handle.kind == "cookie"
    assert {each.material for each in (first, second)} == {material.id}
    assert {(each.account, each.rep) for each in (first, second)} == {(rooms.twin.id, rep.id)}
    assert first.ecosystem == "own_app"
    assert first.detail == {}


@pytest.mark.rule("R61.2")
@pytest.mark.parametrize(("told", "kept"), [("ab2cd3ef", {"referral": "AB2CD3EF"}), ("?", {})])
def test_who_opens_a_link_with_a_friends_code_brings_it_along(rooms, phone, shown, told, kept):
    material = shown()

    opened = phone.get(link(rooms, material), query_string={"referral": told}, headers=PHONE)

    assert opened.status_code == 302
    (event,) = rooms.events()
    assert (event.kind, event.detail) == ("opened_link", kept)
    assert event.handle.kind == "cookie"


def test_a_poster_carries_the_card_of_the_rep_who_sent_it(rooms, phone, shown, rep):
    cover = rooms.media.take(png(), by="li", name="海报.png").id
    poster = shown("poster", cover=cover, fields={"rep_card": True})

    signed = phone.get(phone.get(link(rooms, poster, rep.id), headers=PHONE).location).text
    plain = phone.get(phone.get(link(rooms, poster), headers=PHONE).location).text

    figure = signed.partition('<figure class="signed"')[2].partition("</figure>")[0]
    assert "王敏" in figure.partition(">")[2]
    assert signed.count("王敏") == 1
    assert "signed" not in plain


@pytest.mark.parametrize("kind", ["image_text", "short_video", "product_note", "poster"])
def test_whatever_she_hands_over_carries_her_business_card(rooms, phone, shown, clock, kind):
    unit = rooms.staff.add_unit("pd", "浦东支行", by="li")
    rep = rooms.staff.add("zhao", "赵敏", post="客户经理", unit=unit.id, by="li")
    rooms.channels._factories["codes"] = lambda account, _: Draws()
    there = rooms.accounts.add(code="w", name="企业微信", kind="codes", ecosystem="wechat", by="li")
    for reps in ([rep.id, "stf_2"], [rep.id], ["stf_2"]):
        rooms.live_codes.create(there.id, "、".join(reps), reps=reps, by="li")
    photo = rooms.media.take(png(), by="li", name="赵敏.png").id
    rooms.staff.present(rep.id, by="li", photo=photo, licence_number="0200 1123 4567 8900")
    page = phone.get(phone.get(link(rooms, shown(kind), rep.id), headers=PHONE).location).text
    for said in (
        "安和人寿", "赵敏", "客户经理", "浦东支行", "执业证号 0200112345678900",
        f"/media/{photo}/thumb", f"https://example.com/{rep.id}.png",
    ):  # fmt: skip
        assert page.count(said) >= 1, said
    assert "stf_2.png" not in page
    for each in rooms.live_codes.page().items:
        rooms.live_codes.drop(each.id, by="li")
    assert ".png" not in phone.get(link(rooms, shown(kind), rep.id), headers=PHONE).text


class Draws:
    """A platform whose codes show whom they lead to."""

    def make_code(self, state, reps, *, remark, confirm):
        return Code(state, f"https://example.com/{'+'.join(reps)}.png")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        pass


@pytest.mark.rule("R4.5", "R4.6")
def test_after_closing_a_shared_link_says_so_and_the_view_is_counted(rooms, phone, shown, clock):
    material = shown()
    address = link(rooms, material)
    clock.move(HOUR - timedelta(microseconds=1))
    assert phone.get(address, headers=PHONE).status_code == 302

    clock.move(timedelta(microseconds=1))
    over = phone.get(address, headers=PHONE)
    direct = phone.get(f"/c/{material.id}", headers=PHONE)

    assert over.status_code == direct.status_code == 410
    assert "内容已过期" in over.text
    assert material.title not in over.text
    kinds = [event.kind for event in rooms.events()]
    assert kinds == ["opened_link", "opened_expired_link", "opened_expired_link"]


def test_a_retired_material_is_gone_from_its_links_at_once(rooms, phone, shown):
    material = shown()

    rooms.publishing.retire(material.id, by="li")

    assert phone.get(link(rooms, material), headers=PHONE).status_code == 410


@pytest.mark.parametrize("code", ["x", "A" * 60, "%00", "..%2f"])
def test_a_forged_link_opens_nothing_and_counts_nothing(rooms, phone, shown, code):
    shown()

    assert phone.get(f"/t/{code}", headers=PHONE).status_code == 404
    assert rooms.events() == []


def test_anothers_link_opens_no_other_material(rooms, phone, shown):
    one, two = shown(), shown()
    code = rooms.links.make(one.id, rooms.twin.id, "stf_1")

    phone.get(f"/c/{two.id}?t={code}", headers=PHONE)

    (event,) = rooms.events()
    assert (event.material, event.account, event.rep) == (two.id, "juzhen", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "Mozilla/5.0", "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_machines_that_fetch_are_marked(rooms, phone, shown, headers):
    phone.get(link(rooms, shown()), headers=headers)

    (event,) = rooms.events()
    assert event.kind == "fetched_by_machine"
    assert event.detail == {"bot": True, "as": "opened_link"}


def test_a_document_is_read_page_by_page_without_javascript(rooms, phone, shown):
    document = rooms.media.take(pdf(), by="li")
    material = shown("product_note", fields={"document": document.id})

    first = phone.get(f"/c/{material.code}", headers=PHONE).text
    second = phone.get(f"/c/{material.code}?page=2", headers=PHONE).text
    beyond = phone.get(f"/c/{material.code}?page=999", headers=PHONE).text

    assert f"/media/{document.id}/page-1" in first
    assert 'href="?page=2#page"' in first
    assert f"/media/{document.id}/page-2" in second
    assert 'href="?page=3#page"' in second
    assert f"/media/{document.id}/page-3" in beyond
    assert [event.kind for event in rooms.events()] == ["read_material"]


def test_leaving_tells_how_long_and_how_far_and_nothing_else(rooms, phone, shown):
    material = shown()
    code = rooms.links.make(material.id, rooms.twin.id, "stf_1")
    phone.get(f"/c/{material.id}?t={code}", headers=PHONE)

    beat = {"did": "turned_page", "seconds": "48", "page": "2", "t": code, "name": "王"}
    assert phone.post(f"/c/{material.id}/beat", data=beat).status_code == 204
    phone.post(f"/c/{material.id}/beat", data=beat | {"did": "bought"})
    phone.post(f"/c/{material.id}/beat", data=beat | {"seconds": "9" * 40, "page": "-1"})

    _, told, odd = rooms.events()
    assert (told.kind, told.detail, told.rep) == (
        "turned_page", {"seconds": 48, "page": 2}, "stf_1"
    )  # fmt: skip
    assert odd.detail == {"seconds": 0, "page": 0}


def test_a_beat_of_a_stranger_is_not_counted(rooms, phone, shown):
    phone.post(f"/c/{shown().id}/beat", data={"did": "finished_material"})

    assert rooms.events() == []


@pytest.mark.rule("R48.1")
def test_what_price_and_next_step_come_before_the_content(phone, shown):
    material = shown(
        summary="摘要", body="<p>正文</p>",
        fields={"price": "免费", "benefit": "少走弯路", "next_step": "预约", "next_url": "https://e.cn"},
    )  # fmt: skip
    page = phone.get(f"/c/{material.id}", headers=PHONE).text

    order = [
        page.index(each) for each in ("退休后的养老规划", "免费", "少走弯路", "预约", "<p>正文")
    ]
    assert order[1:] == sorted(order[1:])


def test_a_script_speaks_to_the_customer(phone, shown):
    material = shown("script", body="{客户称呼}好，我是{客户经理}，<b>改天</b>聊{事由}")
    page = phone.get(f"/c/{material.id}", headers=PHONE).text

    assert "您好，我是您的专属顾问，&lt;b&gt;改天&lt;/b&gt;聊＿＿" in page
    assert "想了解更多？联系您的顾问" in page


def test_a_page_speaks_the_readers_language(phone, shown):
    material = shown(fields={"price": "免费"})

    assert ">Price<" in phone.get(f"/c/{material.id}?lang=en", headers=PHONE).text
    phone.delete_cookie("jz_lang")
    assert ">价格<" in phone.get(f"/c/{material.id}", headers=PHONE).text


def test_an_upload_is_the_body_and_needs_an_editor(rooms, phone):
    picture = io.BytesIO()
    Image.new("RGB", (40, 30)).save(picture, "PNG")
    data = picture.getvalue()

    assert phone.post("/media", data=data).status_code == 401
    assert phone.post("/media", data=data, headers={"X-Actor": "rep"}).status_code == 403
    made = phone.post("/media", data=data, headers={"X-Actor": "editor"})
    again = phone.post("/media", data=data, headers={"X-Actor": "editor"})
    bad = phone.post("/media", data=b"<svg/>", headers={"X-Actor": "editor"})

    assert made.status_code == 201
    assert made.json["id"] == again.json["id"]
    assert bad.status_code == 422
    assert bad.json["errors"][0]["field"] == "file"


def test_a_file_is_kept_by_browsers_and_runs_nothing(rooms, phone):
    document = rooms.media.take(pdf(1), by="li")

    page = phone.get(f"/media/{document.id}/page-1", buffered=True)
    whole = phone.get(f"/media/{document.id}/original", buffered=True)
    part = phone.get(
        f"/media/{document.id}/original", headers={"Range": "bytes=0-3"}, buffered=True
    )
    same = phone.get(
        f"/media/{document.id}/page-1",
        headers={"If-None-Match": page.headers["ETag"]},
        buffered=True,
    )

    assert (page.content_type, page.headers["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert "immutable" in page.headers["Cache-Control"]
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert (part.status_code, part.data) == (206, b"%PDF")
    assert same.status_code == 304
    assert phone.get(f"/media/{document.id}/page-9").status_code == 404
    assert phone.get("/media/med_nothing/original").status_code == 404


def test_static_files_are_named_by_what_is_in_them(phone, shown):
    page = phone.get(f"/c/{shown().id}", headers=PHONE).text
    for address in re.findall(r"/static/[^\"]+", page):
        answer = phone.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert phone.get("/static/0/juzhen.css").headers["Cache-Control"] == "no-cache"
    assert phone.get("/static/0/pages.py").status_code == 404
    assert phone.get("/static/0/..%2fpages.py").status_code == 404


def test_a_reader_is_told_in_her_language_what_is_said_in_it(rooms, phone, shown):
    key = shown().id
    rooms.materials.vary(key, language="en", title="Plan your pension", by="li")
    english = PHONE | {"Accept-Language": "en-US,en;q=0.9"}

    assert "Plan your pension" in phone.get(f"/c/{key}", headers=english).text
    assert "Plan your pension" in phone.get(f"/c/{key}?lang=en", headers=PHONE).text
    for chinese in (PHONE, english | {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}):
        assert "Plan your pension" not in phone.get(f"/c/{key}", headers=chinese).text


def test_a_customers_own_link_counts_the_browser_that_opened_it_and_carries_what_shows_her(
    rooms, phone, shown, rep
):
    material, her = shown(), own_id("phone::13800138000")
    code = rooms.links.make(material.id, rooms.twin.id, rep.id, her)

    opened = phone.get(f"/t/{code}", headers=PHONE)
    phone.get(opened.location, headers=PHONE)

    first, second = rooms.events()
    assert (first.kind, first.handle.kind, first.links) == ("opened_link", "cookie", ())
    assert [each.detail for each in (first, second)] == [{"link": code}, {"link": code}]
    assert her not in repr((first, second))


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_a_link_is_drawn_as_a_qr_code_without_being_counted(rooms, phone, shown, form, begins):
    address = link(rooms, shown())

    drawn = phone.get(f"{address}/qr.{form}")

    assert (drawn.status_code, drawn.data[:4]) == (200, begins[:4])
    assert drawn.data == qr.picture(f"http://localhost{address}", form)
    assert drawn.headers["Content-Type"].startswith(qr.TYPES[form])
    assert rooms.events() == []


def test_only_our_own_links_are_drawn(phone):
    for code in ("https:--evil.example", "A" * 52, "x"):
        assert phone.get(f"/t/{code}/qr.svg", headers=PHONE).status_code == 404
