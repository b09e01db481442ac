"""Who is who, decided by people on pages: side by side, merged, split, retracted, undone."""

import re

import pytest

from data_hub.customers import Customers, Reveals
from data_hub.identities import own_id
from tests.data_hub.telling import device, event, mobile, openid, user


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    r.tell(
        event("identified", user("mother"), mobile(), account=r.app.id,
              detail={"traits": {"name": "林秀兰", "phone": "13800138000"}}),
        event("identified", user("daughter"), mobile(), minutes=1, account=r.app.id),
        event("followed", openid("o1"), user("mother"), minutes=2, account=r.wall.id),
        event("bought", user("daughter"), minutes=3, account=r.app.id,
              detail={"amount": 50000, "product": "稳盈"}),
    )  # fmt: skip
    return r


def settle(rooms):
    while rooms.digest.run():
        pass


def same(rooms, one, other):
    settle(rooms)
    return rooms.identities.customer_of(one) == rooms.identities.customer_of(other)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_family_phone_is_shown_with_both_people_side_by_side_and_masked(rooms, desk_of, language):
    page = desk_of("admin").get(f"/console/identities?lang={language}").text
    assert page.count('class="card herself"><h3>') == 2
    assert "稳盈" in page
    assert "13800138000" not in page
    assert "mother" not in page
    assert {"zh": "自己填写", "en": "told by somebody"}[language] in page
    assert ">None<" not in page
    for role in ("analyst", "editor"):
        assert desk_of(role).get("/console/identities").status_code == 403


def decide(rooms, desk, **form):
    page = desk.get("/console/identities").text
    hidden = dict(re.findall(r'type="hidden" name="(her|him|one|other)" value="([^"]+)"', page))
    assert hidden.keys() == {"her", "him", "one", "other"}
    return desk.post("/console/identities/decide", **hidden, **form)


def test_they_are_two(rooms, desk_of):
    decide(rooms, desk_of("admin"), act="apart", why="母女")
    settle(rooms)
    assert "没有需要核对" in desk_of("admin").get("/console/identities").text
    assert not same(rooms, user("mother"), user("daughter"))


def test_they_are_one_and_the_decision_is_undone_from_her_page(rooms, desk_of):
    desk = desk_of("admin")
    page = decide(rooms, desk, act="one", why="换了账号").text
    assert same(rooms, user("mother"), user("daughter"))
    page = desk.get(f"/console/customers/{own_id(user('daughter'))}").text
    assert "换了账号" in page
    decision = re.search(r'name="decision" value="(dec_[^"]+)"', page)[1]
    path = f"/console/customers/{own_id(user('daughter'))}/undo"
    assert desk_of("analyst").post(path, decision=decision).status_code == 403
    assert "已撤销" in desk.post(path, decision=decision).text
    assert not same(rooms, user("mother"), user("daughter"))
    assert desk.post(path, decision="dec_none").status_code == 404


def test_a_link_is_retracted_and_a_customer_is_split(rooms, desk_of):
    desk, her = desk_of("admin"), own_id(user("mother"))
    form = {"one": own_id(openid("o1")), "other": her, "why": "扫错码"}
    assert "平台认定或登录" in desk.get(f"/console/customers/{her}").text
    assert desk.post(f"/console/customers/{her}/retract", **form).status_code == 200
    assert not same(rooms, user("mother"), openid("o1"))

    assert same(rooms, user("mother"), mobile())
    desk.post(f"/console/customers/{her}/split", handle=own_id(mobile()), why="")
    assert not same(rooms, user("mother"), mobile())
    assert desk.post(f"/console/customers/{her}/split", handle="cus_none").status_code == 422
    strange = {"one": own_id(user("daughter")), "other": own_id(openid("o1"))}
    assert desk.post(f"/console/customers/{her}/retract", **strange).status_code == 422


def test_two_are_compared_before_they_are_merged(rooms, desk_of):
    desk = desk_of("admin")
    one, other = own_id(openid("o1")), own_id(user("daughter"))
    page = desk.get(f"/console/identities/compare?one={one}&other={other}")
    assert page.text.count('class="card herself"><h2>') == 2
    twice = desk.get(f"/console/identities/compare?one={one}&other={one}")
    assert twice.status_code == 422
    assert desk.get(f"/console/identities/compare?one={one}&other=nobody").status_code == 404


def test_two_people_are_compared_by_what_they_bought_last(rooms, desk_of):
    rooms.tell(
        *(event("bought", user("mother"), minutes=9 + n, account=rooms.app.id,
                detail={"amount": 1, "product": f"产品{n}"}) for n in range(5))
    )  # fmt: skip
    one, other = own_id(user("mother")), own_id(user("daughter"))
    page = desk_of("admin").get(f"/console/identities/compare?one={one}&other={other}").text
    assert [n for n in range(5) if f"产品{n}" in page] == [2, 3, 4]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("", 3), ("?owner=house", 0), ("?owner=customer", 3), ("?kind=followed", 1)],
)
def test_a_timeline_is_filtered_by_who_did_it_and_by_kind(rooms, desk_of, asked, shown):
    her = own_id(openid("o1"))
    page = desk_of("admin").get(f"/console/customers/{her}{asked}").text
    timeline = page[page.index('id="timeline"') : page.index("</section>")]
    assert timeline.count("<li>") == shown
    assert desk_of("admin").get(f"/console/customers/{her}?owner=x").status_code == 422


def test_a_timeline_speaks_as_its_page_does(rooms, desk_of):
    path = f"/console/customers/{own_id(openid('o1'))}?kind=followed"
    for tongue, said in (("zh", "关注了"), ("en", "followed")):
        page = desk_of("admin").get(f"{path}&lang={tongue}").text
        timeline = page[page.index('id="timeline"') :]
        assert f"<p>{said}</p>" in timeline


def test_a_timeline_names_what_was_read(rooms, desk_of, material):
    rooms.tell(
        event("read_material", openid("o1"), minutes=4, account=rooms.wall.id, material=material.id)
    )
    page = desk_of("admin").get(f"/console/customers/{own_id(openid('o1'))}?lang=en").text
    assert f"<p>read a material · {material.title}</p>" in page


def test_a_customer_is_found_by_any_handle_and_by_name(rooms, desk_of):
    desk = desk_of("admin")
    for text in ("13800138000", "mother", "林秀", "o1"):
        found = desk.get(f"/console/customers?text={text}").text
        assert found.count('<h2><a href="/console/customers/cus_') == 1, text
    assert desk.get("/console/customers").text.count('<h2><a href="/console/customers/cus_') == 2
    assert "没有这样的客户" in desk.get("/console/customers?text=nobody").text
    assert desk_of("editor").get("/console/customers").status_code == 403


@pytest.mark.parametrize(("language", "said"), [("zh", "画像"), ("en", "What is known")])
def test_her_page_says_what_is_known_and_who_said_so_masked(rooms, desk_of, language, said):
    rooms.tell(
        event("opted_out", user("mother"), minutes=5, account=rooms.app.id,
              detail={"consent": "marketing", "channel": "app", "source": "电话"}),
        event("policy_issued", user("mother"), minutes=6, account=rooms.app.id,
              detail={"policy": "P1", "product": "稳盈", "due": "2026-09-01"}),
        event("policy_issued", user("mother"), minutes=6, account=rooms.app.id,
              detail={"policy": "P2", "product": "安享", "matures": "2025-09-01"}),
        event("identified", user("mother"), minutes=7, account=rooms.app.id,
              detail={"traits": {"birthday_lunar": True, "wecom_tags": ["养老", "13800138000"]}}),
    )  # fmt: skip
    page = desk_of("admin").get(f"/console/customers/{own_id(user('mother'))}?lang={language}").text
    told = page[page.index('id="known"') :]
    assert said in told
    for each in ("林**", "138****8000", "客户 App", "P1", "2026-09-01", "电话"):
        assert each in told
    assert "13800138000" not in page
    assert ">None<" not in page
    assert told.count("有效" if language == "zh" else "In force") == 1
    assert told.count("已结束" if language == "zh" else "Over") == 1
    assert "生日按农历</dt><dd>是" in told or "birthday by the lunar year</dt><dd>Yes" in told
    assert ("养老、138****8000" if language == "zh" else "养老, 138****8000") in told
    assert told.count("数据不足" if language == "zh" else "Too few data") == 2  # grade and mood


def test_her_name_is_shown_in_full_on_one_page_by_who_may_and_only_so_often(rooms, desk_of):
    rooms.customers = Customers(
        rooms.people, rooms.records, rooms.identities, rooms.history, rooms.staff, rooms.changes,
        rooms.clock, Reveals(rooms.records, rooms.changes, rooms.clock, a_day=1),
    )  # fmt: skip
    desk, where = desk_of("admin"), f"/console/customers/{own_id(user('mother'))}"
    assert "显示完整资料" in desk.get(where).text
    shown = desk.post(f"{where}/reveal")
    assert shown.status_code == 200
    assert "林秀兰" in shown.text
    assert "13800138000" in shown.text
    assert "已记入时间线和审计" in shown.text
    assert "林秀兰" not in desk.get(where).text
    again = desk.post(f"{where}/reveal")
    assert again.status_code == 409
    assert "已满 1 次" in again.text
    assert "林秀兰" not in again.text
    assert desk_of("analyst").post(f"{where}/reveal").status_code == 403


def test_a_search_for_half_a_number_says_what_may_be_typed(rooms, desk_of):
    desk = desk_of("admin")
    assert "林**" in desk.get("/console/customers?text=8000").text
    page = desk.get("/console/customers?text=138000").text
    assert "末 4 位" in page
    assert "林**" not in page


def test_a_shared_device_is_one_row_and_one_decision_for_all_who_held_it(rooms, desk_of):
    rooms.tell(
        *(event("signed_in", user(f"guest{n}"), device("tablet"), minutes=10 + n,
                account=rooms.app.id) for n in range(9))
    )  # fmt: skip
    desk = desk_of("admin")
    page = desk.get("/console/identities?lang=en").text
    assert "2 to look at, 9 links" in page
    assert "8 links point at it" in page
    assert "and 2 links more" in page
    shared = re.search(r'name="shared" value="([^"]+)"', page)[1]
    assert desk_of("analyst").post(
        "/console/identities/decide", act="all_apart", shared=shared
    ).status_code == 403  # fmt: skip
    desk.post("/console/identities/decide", act="all_apart", shared=shared, why="网点平板")
    settle(rooms)
    assert "1 to look at, 1 link" in desk.get("/console/identities?lang=en").text
    none = desk.post("/console/identities/decide", act="all_apart", shared="cus_none")
    assert none.status_code == 422
