"""What a rep does on her phone, without JavaScript."""

import html
import io
import re
from datetime import time, timedelta

import pytest
from flask import g
from PIL import Image

from channels.accounts import Channels
from channels.app import OwnApp
from channels.base import Busy
from channels.composing import CONTACT_CARD
from channels.live_codes import Code
from juzhen.web import pages
from kernel.errors import Overloaded
from kernel.events import Handle
from kernel.wording import say
from matching.assembly import Manner
from matching.counters import Counters
from matching.rules import Wanted
from tests.matching.test_faults import BreaksOff
from tests.workbench.conftest import PHONE

FORM = {"csrf": "form-token"}


@pytest.fixture
def phone(desk):
    return desk.client()


def share_page(phone, her, material, script=""):
    where = f"/workbench/customers/{her}/share/{material}"
    page = phone.get(f"{where}?script={script}" if script else where, headers=PHONE)
    key = re.search(r'name="key" value="([^"]+)"', page.text)[1]
    return where, page, key


def acts(desk, act):
    return [change for change in desk.changes.after("").changes if change.act == act]


@pytest.mark.rule("R35.1", "R35.2")
def test_a_red_dot_leads_to_the_customer_and_goes_out(desk, phone, rep, her):
    unread = desk.reminders.unread(rep.staff)
    home = phone.get("/workbench/", headers=PHONE)
    assert f"{unread} 条未读提醒" in home.text
    assert "王秀兰" in home.text
    assert say("reminder_birthday") in home.text
    dot = next(d for d in desk.reminders.page(rep.staff).items if d.kind == "birthday")
    opened = phone.post(f"/workbench/reminders/{dot.id}/open", data=FORM, headers=PHONE)
    assert opened.status_code == 303
    assert f"/workbench/customers/{her}" in opened.location
    assert phone.get("/workbench/unread").json["unread"] == unread - 1
    assert phone.get(opened.location, headers=PHONE).status_code == 200


def test_reminders_of_one_kind_are_shown_however_many_of_others_came_later(desk, phone, rep, her):
    (handle, *_) = desk.customers.seen_by(desk.staff.actor(rep.staff)).one(her).handles
    before = desk.reminders.page(rep.staff, kind="birthday").items
    for n in range(60):
        desk.reminders.remind(rep.staff, "came_back", str(handle), f"c{n}")
    page = phone.get("/workbench/?kind=birthday", headers=PHONE).text
    assert before
    assert f"/workbench/reminders/{before[0].id}/open" in page
    assert say("wb_no_reminders") not in page
    other = phone.get("/workbench/?kind=guessed", headers=PHONE).text
    assert say("wb_no_reminders") not in other, "a kind that there is not is no filter"


@pytest.mark.rule("R20.1", "R20.2")
def test_a_customers_page_tells_who_what_to_send_what_to_say_and_why(desk, phone, rep, her):
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    assert "王秀兰" in page
    assert "3 月 4 日" in page
    assert "稳盈三年" in page
    assert "你的客户本周看了 3 次养老社区内容" in page
    assert "符合你的人设：老阿姨、理财适合讲养老社区" in page
    assert "王女士您好，我是李丽，最近养老社区有新消息" in page
    assert "产品说明" in page
    assert "阅读了内容" in page
    assert len(acts(desk, "recommended")) == 1


@pytest.mark.parametrize("why", ["wb_nothing_on_shelf", "wb_all_kept_off"])
def test_a_list_with_nothing_on_it_says_why_and_what_may_be_done_next(desk, phone, her, why):
    if why == "wb_all_kept_off":
        for kind in ("image_text", "script", "product_note", "poster", "short_video"):
            desk.rules.add(Wanted(name="停", act="exclude", type=kind), by="li")
    else:
        for each in desk.materials.page(first=100).items:
            desk.shelf.retire(each.id, by="li")
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    assert say(why) in page
    assert page.count('class="card empty"') == 1
    assert f"/workbench/customers/{her}/why" in page  # and why not of any content
    assert f"/workbench/customers/{her}/says" in page  # and words by what she said
    assert (say("why_excluded") in page) is (why == "wb_all_kept_off")


def test_a_list_of_counts_that_were_lost_says_so(desk, phone, her, clock):
    where = f"/workbench/customers/{her}"
    assert say("wb_degraded") not in phone.get(where, headers=PHONE).text
    with pytest.raises(Overloaded):
        Counters(desk.company.people, BreaksOff(desk.company.history)).rebuild()
    clock.move(timedelta(seconds=6))
    assert say("wb_degraded") in phone.get(where, headers=PHONE).text


@pytest.mark.rule("R26.3")
def test_a_list_of_somebody_held_out_says_so_to_her_rep(desk, phone, her):
    where = f"/workbench/customers/{her}"
    page = phone.get(where, headers=PHONE).text
    assert 'id="held-out"' not in page
    desk.company.asking.manner = Manner(hold_out=1.0)
    assert say("wb_held_out") in phone.get(where, headers=PHONE).text
    assert say("wb_held_out", "en") in phone.get(f"{where}?lang=en", headers=PHONE).text


def test_a_list_of_somebody_who_wants_no_personal_one_says_so_to_her_rep(desk, phone, her):
    where = f"/workbench/customers/{her}"
    assert 'id="refused"' not in phone.get(where, headers=PHONE).text
    company = desk.company
    handles = company.identities.handles_of([her])[her]
    company.consents.withdraw(handles, "personalisation", source="page")
    company.asking.manner = Manner(hold_out=1.0)
    page = phone.get(where, headers=PHONE).text
    assert say("wb_impersonal") in page
    assert 'id="held-out"' not in page
    assert say("wb_impersonal", "en") in phone.get(f"{where}?lang=en", headers=PHONE).text


def test_her_page_says_why_no_marketing_goes_to_her_now(desk, phone, her, clock):
    where = f"/workbench/customers/{her}"
    assert 'id="no-marketing"' not in phone.get(where, headers=PHONE).text
    clock.now = desk.zone.at(desk.zone.day(clock()) + timedelta(days=1), time(22))
    assert "现在是勿扰时段，营销内容明天 9:00 后可发" in phone.get(where, headers=PHONE).text
    english = phone.get(f"{where}?lang=en", headers=PHONE).text
    assert "These are quiet hours; marketing may go from 9:00 tomorrow." in english


def test_her_page_says_how_much_is_not_offered_and_why(desk, phone, her, shop):
    handle = desk.identities.handles(her)[0]
    desk.company.tell(desk.company.event("read_material", handle, shop["materials"][3]))
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    assert "1 份在架内容没有推荐，原因" in page
    assert say("why_already_read") in page


def test_a_share_through_the_official_account_is_queued_with_the_edited_words(
    desk, phone, rep, her, shop
):
    material = shop["materials"][0]
    where, page, key = share_page(phone, her, material)
    assert "公众号消息 · 晨星财富" in page.text
    before = desk.reminders.unread(rep.staff)
    sent = phone.post(
        where, data=FORM | {"key": key, "words": "王姐，这篇讲得清楚", "channel": shop["oa"].id}
    )
    again = phone.post(
        where, data=FORM | {"key": key, "words": "王姐，这篇讲得清楚", "channel": shop["oa"].id}
    )
    assert (sent.status_code, again.status_code) == (303, 303)
    (delivery,) = desk.deliveries.of_customer(["openid:" + shop["oa"].id + ":o_wang"])
    assert (delivery.words, delivery.material, delivery.rep) == (
        "王姐，这篇讲得清楚", material, rep.staff,
    )  # fmt: skip
    assert before > desk.reminders.unread(rep.staff) == 0
    assert acts(desk, "sent") == []  # that it went is told once, by the delivery when it has gone


@pytest.mark.rule("R42.1", "R42.2")
@pytest.mark.parametrize("channel", ["oa", "link"])
@pytest.mark.parametrize("reworded", [False, True])
def test_what_she_opens_rewords_and_sends_is_written_down_by_itself(
    desk, phone, rep, her, shop, channel, reworded
):
    dot = desk.reminders.page(rep.staff).items[0]
    phone.post(f"/workbench/reminders/{dot.id}/open", data=FORM)
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    where = re.search(r'href="(/workbench/[^"]+/share/[^"]+)"', page)[1].replace("&amp;", "&")
    script = where.partition("script=")[2]
    form = phone.get(where, headers=PHONE).text
    words = html.unescape(re.search(r"<textarea[^>]*>([^<]*)</textarea>", form)[1]).strip()
    told = FORM | {
        "key": re.search(r'name="key" value="([^"]+)"', form)[1],
        "script": re.search(r'name="script" value="([^"]+)"', form)[1],
        "words": ("王姐，" if reworded else "") + words + "\r\n",
        "channel": shop["oa"].id if channel == "oa" else channel,
    }
    assert {phone.post(where, data=told).status_code for _ in range(2)} <= {200, 303}
    assert [each.subject for each in acts(desk, "opened_reminder")] == [dot.id]
    (sent,) = acts(desk, "sent_script")
    assert (sent.subject, sent.detail["material"]) == (script, script)
    assert (sent.by, sent.detail["rep"]) == (rep.id, rep.staff)
    assert desk.identities.customer_of(sent.handle) == her
    assert [each.subject for each in acts(desk, "edited_script")] == [script] * reworded
    assert not any(words[:6] in str(each.detail) for each in acts(desk, "edited_script"))


def test_a_script_that_only_another_unit_sees_fills_no_form(desk, phone, her, shop):
    branch = desk.staff.add_unit("east", "华东", by="li").id
    app = shop["app"].id
    theirs = desk.company.place("内部话术", "健康", unit=branch, account=app, kind="script")
    where = f"/workbench/customers/{her}/share/{shop['materials'][0]}"
    assert phone.get(f"{where}?script={theirs}", headers=PHONE).status_code == 404
    form = FORM | {"key": "k", "words": "x", "channel": "link", "script": theirs}
    assert phone.post(where, data=form, headers=PHONE).status_code == 404
    assert acts(desk, "sent") == []


class Asking(OwnApp):
    """An app that can show a card on which she leaves her contact."""

    asks_contact = True


def test_a_card_for_her_contact_goes_along_where_an_account_has_one(desk, phone, her, shop):
    material = shop["materials"][0]
    assert "附上留资卡片" not in share_page(phone, her, material)[1].text
    asking = {"app": lambda account, _: Asking(desk.inbox, account=account.id)}
    desk.sharing._channels = Channels(desk.accounts, desk.channels._factories | asking)
    where, page, key = share_page(phone, her, material)
    assert "附上留资卡片" in page.text
    told = {"key": key, "words": "请留个电话", "channel": shop["app"].id, "card": "yes"}
    assert phone.post(where, data=FORM | told).status_code == 303
    (delivery,) = desk.deliveries.of_customer([f"user:{shop['app'].id}:u_wang"])
    assert delivery.words == f"请留个电话{CONTACT_CARD}"


def test_what_she_sends_by_link_comes_back_as_a_red_dot_once_it_is_read(
    desk, phone, rep, her, shop, clock
):
    material = shop["materials"][4]
    where, _, key = share_page(phone, her, material)
    sent = phone.post(where, data=FORM | {"key": key, "words": "", "channel": "link"})
    page = sent.text
    link = re.search(r'value="http://localhost(/t/[^"]+)"', page)[1]
    made = desk.links.open(link.removeprefix("/t/"))
    assert (made.rep, made.customer) == (rep.staff, her)
    assert f'src="{link}/qr.svg"' in page
    desk.reminders.finish_about(rep.staff, ["phone::13800138000"])
    assert phone.get("/workbench/unread").json["unread"] == 0
    customer = desk.client()
    opened = customer.get(link, headers=PHONE | {"User-Agent": "Mozilla/5.0 (iPhone)"})
    customer.get(opened.location, headers=PHONE | {"User-Agent": "Mozilla/5.0 (iPhone)"})
    desk.work()
    assert phone.get("/workbench/unread").json["kinds"] == {"read_your_share": 1}
    (dot,) = [d for d in desk.reminders.page(rep.staff).items if d.kind == "read_your_share"]
    assert desk.identities.customer_of(dot.handle) == her
    assert "有人打开了发给她的专属链接" in phone.get("/workbench/", headers=PHONE).text
    assert len(acts(desk, "own_link_opened")) == 1
    assert len(acts(desk, "sent")) == 1


@pytest.mark.parametrize("kind", ["poster", "short_video", "product_note", "image_text"])
def test_what_she_sends_herself_carries_words_content_her_card_and_what_is_known(
    desk, phone, rep, her, shop, kind
):
    made = desk.company.place(f"{kind}一份", "养老社区", account=shop["app"].id, kind=kind)
    where, _, key = share_page(phone, her, made)
    told = FORM | {"key": key, "words": "王姐，这份您看看", "channel": "link"}
    page, again = phone.post(where, data=told), phone.post(where, data=told)
    assert (page.status_code, again.status_code) == (200, 200)
    (whole,) = {re.search(r'data-copy="(王姐[^"]+)"', each.text)[1] for each in (page, again)}
    link = re.search(r'value="(http://localhost/t/[^"]+)"', page.text)[1]
    assert whole.splitlines() == ["王姐，这份您看看", f"{kind}一份", link, "安和人寿 · 李丽"]
    for said in ("王姐，这份您看看", "3 月 4 日", "稳盈三年", say("carried_to_chat")):
        assert said in page.text
    assert len(acts(desk, "sent")) == 1
    fresh = phone.get(f"/workbench/customers/{her}/link/{made}", headers=PHONE).text
    assert "李丽" in fresh  # from anywhere else too, without the words


def test_it_is_in_the_chat_until_an_opening_shows_that_it_was_sent(desk, phone, rep, her, shop):
    handle, content = desk.identities.handles(her)[0], shop["materials"][4]
    event = desk.company.event

    def happened(kind, **detail):
        desk.company.tell(event(kind, handle, content, rep=rep.staff, **detail))
        desk.company.clock.move(timedelta(minutes=1))
        page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
        assert 'id="timeline"' in page, page
        return page.partition('id="timeline"')[2]

    before = happened("sent", via="link")
    assert say("carried_to_chat") in before
    assert say("sent_and_opened") not in before
    other = happened("sent", via="link")
    assert other.count(say("carried_to_chat")) == 2
    opened = happened("own_link_opened")
    assert say("carried_to_chat") not in opened
    assert opened.count(say("sent_and_opened")) == 2
    later = happened("sent", via="link")
    assert later.count(say("carried_to_chat")) == 1


def test_words_that_may_not_be_said_and_gaps_are_refused_beside_the_field(desk, phone, her, shop):
    where, _, key = share_page(phone, her, shop["materials"][0])
    refused = phone.post(
        where,
        data=FORM | {"key": key, "words": "保本保息，＿＿您放心", "channel": "acc_nowhere"},
        headers=PHONE,
    )
    assert refused.status_code == 422
    barred = say("words_may_not_be_said", words="保本保息")
    for said in (barred, "还有没填的空格", "请选择怎样发给客户"):
        assert said in refused.text
    assert acts(desk, "sent") == []


def test_who_wants_no_promotion_is_not_written_to(desk, phone, her, shop):
    seen = desk.customers.seen_by(desk.staff.actor(desk.works)).one(her)
    desk.consents.withdraw(seen.handles, "marketing", channel="wechat_oa", source="menu")
    article = desk.materials.one(shop["materials"][0])
    refuses = {way.kind: way.refuses for way in desk.sharing.ways(seen, article)}
    assert refuses == {"wechat_oa": "she_wants_nothing_here", "app": "", "link": ""}
    where, page, key = share_page(phone, her, shop["materials"][0])
    assert say("she_wants_nothing_here") in page.text
    refused = phone.post(where, data=FORM | {"key": key, "words": "x", "channel": shop["oa"].id})
    assert refused.status_code == 422


def test_another_reps_customer_and_reminder_are_not_there(desk, phone, rep, her):
    other = desk.company.hire("wang", name="王强")
    hers = {"X-Staff": other.staff} | PHONE
    dot = desk.reminders.page(rep.staff).items[0]
    assert phone.get(f"/workbench/customers/{her}", headers=hers).status_code == 404
    assert (
        phone.post(f"/workbench/reminders/{dot.id}/open", data=FORM, headers=hers).status_code
        == 404
    )
    assert "王秀兰" not in phone.get("/workbench/", headers=hers).text
    assert "王秀兰" not in phone.get("/workbench/customers", headers=hers).text


def test_another_units_material_is_not_shared(desk, phone, her, shop):
    branch = desk.staff.add_unit("east", "华东", by="li").id
    theirs = desk.company.place("华东专属", "健康", unit=branch, account=shop["app"].id)
    where = f"/workbench/customers/{her}/share/{theirs}"
    assert phone.get(where, headers=PHONE).status_code == 404


def test_customers_are_found_by_part_of_a_name(phone, her):
    assert "王秀兰" in phone.get("/workbench/customers?text=秀兰", headers=PHONE).text
    nobody = phone.get("/workbench/customers?text=张三", headers=PHONE).text
    assert say("wb_none_called", text="张三") in nobody
    assert "/workbench/customers?grades=all" in nobody
    assert (
        f"/workbench/customers/{her}"
        in phone.get("/workbench/customers?grades=all", headers=PHONE).text
    )


@pytest.mark.rule("R21.4", "R21.5")
def test_she_sees_what_was_learned_of_her_and_corrects_it(desk, phone, rep, her, shop):
    company = desk.company
    company.tell(
        company.event("bought", company.meet("13700000000"), shop["materials"][0], rep=rep.staff)
    )
    page = phone.get("/workbench/me", headers=PHONE).text
    assert "养老社区" in page
    assert "1 单里有 1 单" in page
    tag = company.tags["养老社区"]
    phone.post(f"/workbench/me/abilities/{tag}", data=FORM | {"refuse": "yes"})
    assert say("wb_refused") in phone.get("/workbench/me", headers=PHONE).text
    phone.post(f"/workbench/me/abilities/{tag}", data=FORM | {"accept": "yes"})
    assert say("wb_refused") not in phone.get("/workbench/me", headers=PHONE).text
    aunt = company.tags["老阿姨"]
    phone.post("/workbench/me/persona", data=FORM | {"remove": aunt})
    assert aunt not in desk.staff.one(rep.staff).persona
    phone.post("/workbench/me/persona", data=FORM | {"add": aunt})
    assert aunt in desk.staff.one(rep.staff).persona


def drawn(form):
    out = io.BytesIO()
    Image.new("RGB", (80, 100), "#369").save(out, form)
    return io.BytesIO(out.getvalue())


def test_her_card_has_her_photo_and_licence_and_goes_along_with_what_she_sends(
    desk, phone, rep, her, shop
):
    sheet = f"/workbench/customers/{her}/link/{shop['materials'][0]}"
    lacks = say("wb_card_lacks", what="照片、执业证编号、企业微信二维码")
    assert lacks in phone.get(sheet, headers=PHONE).text

    def keep(number, *photo):
        told = FORM | {"licence_number": number} | ({"photo": photo[0]} if photo else {})
        return phone.post("/workbench/me/card", data=told, content_type="multipart/form-data")

    refused = keep("<b>", (drawn("PDF"), "我.pdf"))
    assert refused.status_code == 422
    assert say("not_a_picture") in refused.text
    refused = keep("执业证")
    assert (refused.status_code, say("not_a_licence_number") in refused.text) == (422, True)
    assert desk.staff.one(rep.staff).licence_number == ""
    kept = keep("0200 1123 4567", (drawn("PNG"), "我.png"))
    assert kept.location.endswith("said=done_card#card")
    keep("0200 1123 4567")  # without another picture the one that is there stays
    staff = desk.staff.one(rep.staff)
    for page in ("/workbench/me", sheet):
        told = phone.get(page, headers=PHONE).text
        for said in (f"/media/{staff.photo}/thumb", "执业证号 020011234567", "安和人寿"):
            assert said in told, page
    assert say("wb_card_lacks", what="企业微信二维码") in phone.get(sheet, headers=PHONE).text
    assert '安和人寿 · 李丽 · 执业证号 020011234567"' in phone.get(sheet, headers=PHONE).text
    assert len(acts(desk, "presented")) == 1


class Adds:
    """A platform that knows reps, and draws the codes by which they are added."""

    writes_to = ""

    def __init__(self):
        self.made, self.away = [], True

    def sign_in_at(self, back, state): ...

    def rep_of(self, code): ...

    def make_code(self, state, reps, *, remark, confirm):
        if self.away:
            raise Busy("platform_unreachable")
        self.made.append((remark, reps))
        return Code(state, "https://wework.qpic.test/qr/1")

    def find_code(self, state, since): ...

    def drop_code(self, code): ...


def test_her_code_is_made_with_one_touch_and_its_picture_may_be_shown(desk, phone, rep, her, shop):
    assert say("wb_card_no_code") in phone.get("/workbench/me", headers=PHONE).text
    platform = Adds()
    desk.channels._factories["adds"] = lambda *_: platform
    desk.accounts.add(code="w", name="企业微信", kind="adds", ecosystem="wechat", by="t")
    assert say("wb_code_ask") in phone.get("/workbench/me", headers=PHONE).text
    for _ in range(2):  # a second touch while it is owed asks for no second one
        assert phone.post("/workbench/me/code", data=FORM).location.endswith("#card")
    owed = phone.get("/workbench/me", headers=PHONE).text
    assert say("wb_code_owed") in owed
    assert say("wb_code_ask") not in owed
    platform.away = False
    desk.company.clock.move(timedelta(minutes=5))
    assert desk.live_codes.finish() == 1
    assert platform.made == [("李丽", [rep.staff])]
    for page in ("/workbench/me", f"/workbench/customers/{her}/link/{shop['materials'][0]}"):
        told = phone.get(page, headers=PHONE)
        assert 'src="https://wework.qpic.test/qr/1"' in told.text
        policy = told.headers["Content-Security-Policy"]
        assert "img-src 'self' data: https://wework.qpic.test;" in policy
    assert "qpic" not in phone.get("/workbench/", headers=PHONE).headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["https://a.b; script-src *", "javascript:1", "//x", ""])
def test_no_address_of_a_picture_widens_the_policy(desk, address):
    with desk.application().test_request_context("/"):
        pages.show_picture_of(address)
        assert not g.get("pictures")


def test_every_page_is_there_in_english_too(desk, phone, rep, her, shop):
    pages = ["/workbench/", "/workbench/customers", f"/workbench/customers/{her}", "/workbench/me",
             f"/workbench/customers/{her}/share/{shop['materials'][0]}",
             f"/workbench/customers/{her}/link/{shop['materials'][0]}",
             f"/workbench/remake/{shop['materials'][0]}"]  # fmt: skip
    for page in pages:
        told = phone.get(f"{page}?lang=en", headers=PHONE)
        assert told.status_code == 200
        assert "wb_" not in re.sub(r"<[^>]+>", "", told.text)
        assert "Customers" in told.text


def test_nobody_and_machines_have_no_workbench(desk, phone, rep):
    desk.works = ""
    assert phone.get("/workbench/", headers=PHONE).status_code == 302
    assert phone.get("/workbench/", headers=PHONE | {"X-Actor": "collector"}).status_code == 403


def test_a_script_goes_out_as_words_alone(desk, phone, rep, her, shop):
    item = next(
        item for item in desk.recommender.for_contact(her, rep).told()
        if item.material == item.script
    )  # fmt: skip
    where, page, key = share_page(phone, her, item.material, item.script)
    assert "王女士您好，我是李丽" in page.text
    assert 'value="link"' not in page.text
    sent = phone.post(
        where, data=FORM | {"key": key, "words": "王女士您好", "channel": shop["app"].id}
    )
    assert sent.status_code == 303
    (delivery,) = desk.deliveries.of_customer([f"user:{shop['app'].id}:u_wang"])
    assert (delivery.material, delivery.words) == ("", "王女士您好")


@pytest.mark.rule("R61.1")
def test_a_rep_gives_her_customer_a_code_to_pass_on(phone, her):
    where = f"/workbench/customers/{her}"
    assert "生成转介绍码" in phone.get(where, headers=PHONE).text
    assert phone.post(f"{where}/code", data=FORM, headers=PHONE).status_code == 303
    assert re.search(r"转介绍码 <b>[A-Z0-9]{8}</b>", phone.get(where, headers=PHONE).text)


def test_one_tap_notes_a_talk_that_no_channel_heard_and_a_second_sending_nothing(desk, phone, her):
    page = phone.get(f"/workbench/customers/{her}", headers=PHONE).text
    where = f"/workbench/customers/{her}/talked"
    form = page[page.index(where) :]
    tap = {"key": re.search(r'name="key" value="([^"]+)"', form)[1], **FORM}
    for _ in range(2):
        assert phone.post(where, data=tap, headers=PHONE).status_code == 303
    assert len(acts(desk, "chatted")) == 1
    assert (
        "已记下聊过"
        in phone.get(f"/workbench/customers/{her}?said=done_talked", headers=PHONE).text
    )


def test_only_what_she_read_by_a_reps_link_is_said_to_come_from_her_share(
    desk, phone, rep, her, shop
):
    """A list says whose customer she is, and a talk who spoke with her; both name the rep."""
    handle, told = Handle("phone", "", "13800138000"), desk.company
    told.tell(
        told.event("identified", handle, rep=rep.staff, traits={"city": "上海"}),
        told.event("chatted", handle, rep=rep.staff),
        told.event("sent_script", handle, shop["materials"][4], rep=rep.staff),
    )
    where = f"/workbench/customers/{her}/timeline"
    assert say("wb_from_you") not in phone.get(where, headers=PHONE).text
    told.tell(told.event("read_material", handle, shop["materials"][4], rep=rep.staff))
    assert phone.get(where, headers=PHONE).text.count(say("wb_from_you")) == 1


@pytest.mark.parametrize("path", ["day", "boards"])
def test_a_page_of_figures_with_none_leads_to_her_customers(phone, rep, clock, path):
    clock.move(timedelta(days=2))
    page = phone.get(f"/workbench/{path}?period=day", headers=PHONE).text
    empty = page.partition('<div class="empty">')[2].partition("</div>")[0]
    assert 'href="/workbench/customers"' in empty
