"""Staff and units on the console, the first hour's list, and empty pages that say what is next."""

import re
from io import BytesIO

import pytest

from juzhen.web import login as login_page

SHEET = "工号,姓名,机构\nA1,李静,上海分公司/一部\nA2,王强,上海分公司/一部\n"


@pytest.fixture
def boss(desk_of, rooms):
    return desk_of("admin")


def sheet(boss, act, text=SHEET):
    return boss.post("/console/staff", act=act, file=(BytesIO(text.encode()), "staff.csv"))


def test_a_sheet_is_tried_and_brought_in(boss, rooms):
    assert "上海分公司/一部" in sheet(boss, "try").text
    assert rooms.staff.page().items == []
    told = sheet(boss, "bring")
    assert told.status_code == 200
    assert "上海分公司/一部" in told.text
    assert [each.name for each in rooms.staff.page().items] == ["李静", "王强"]
    page = boss.get("/console/staff?text=李").text
    assert "李静" in page
    assert "王强" not in page
    assert "工号" not in boss.get("/console/staff/roster.csv").text.split("\n")[0]
    assert "A1,李静,上海分公司/一部,rep" in boss.get("/console/staff/roster.csv").text


def test_what_comes_out_as_a_sheet_goes_in_again_and_changes_nothing(boss, rooms):
    sheet(boss, "bring")
    out = boss.get("/console/staff/roster.csv").text.lstrip("\ufeff")
    told = sheet(boss, "bring", out)
    assert re.findall(r'class="stat">(\d+)', told.text) == ["0", "0", "2", "0", "0"]


def test_somebody_is_added_given_a_login_changed_and_let_go(boss, rooms):
    boss.post("/console/staff", act="unit", code="sh", name="上海分公司", parent="")
    unit = rooms.staff.unit("sh").id
    missing = boss.post("/console/staff", act="add", code="", name="李静", role="rep")
    assert missing.status_code == 422
    assert 'value="李静"' in missing.text
    page = boss.post("/console/staff", act="add", code="A1", name="李静", role="rep", unit=unit)
    assert "已添加" in page.text
    hers = rooms.staff.one("A1").id

    given = boss.post(f"/console/staff/{hers}", act="login")
    name, password = re.findall(r"<code>([^<]+)</code>", given.text)[:2]
    assert name == "A1"
    assert password not in boss.get(f"/console/staff/{hers}").text
    told = {"name": "李静静", "role": "team_lead", "unit": "", "post": "", "licences": ""}
    boss.post(f"/console/staff/{hers}", act="save", licence_number="", **told)
    assert rooms.staff.one("A1").role == "team_lead"
    assert "已离职" in boss.post(f"/console/staff/{hers}", act="leave").text
    assert rooms.staff.one("A1").left
    boss.post(f"/console/staff/{hers}", act="back")
    assert rooms.staff.one("A1").left is None


@pytest.mark.parametrize("role", ["editor", "team_lead", "analyst", "rep"])
def test_nobody_but_an_administrator_sees_or_does_any_of_it(desk_of, boss, rooms, role):
    sheet(boss, "bring")
    hers = rooms.staff.one("A1").id
    other = desk_of(role)
    for path in ("staff", f"staff/{hers}", "staff/roster.csv"):
        assert other.get(f"/console/{path}").status_code == 403
    assert other.post(f"/console/staff/{hers}", act="leave").status_code == 403
    assert other.post("/console/staff", act="add", code="x", name="x").status_code == 403
    assert "/console/staff" not in other.get("/console/").text


def test_the_first_page_lists_what_is_left_to_do_for_an_administrator_alone(boss, desk, rooms):
    page = boss.get("/console/").text
    assert 'id="begin"' in page
    assert page.index("添加机构和员工") < page.index("导入客户")
    assert 'id="begin"' not in desk.get("/console/").text
    sheet(boss, "bring")
    steps = boss.get("/console/").text
    assert steps.count('<li class="over"') == 3  # the account, its topics and the reps are there


def test_an_app_of_our_own_is_connected_on_the_page(boss, desk, rooms):
    assert boss.post("/console/accounts/app", code="a b", name="App").status_code == 422
    assert "已接入" in boss.post("/console/accounts/app", code="our_app", name="我们的 App").text
    assert rooms.accounts.one("our_app").kind == "app"
    assert boss.post("/console/accounts/app", code="our_app", name="又").status_code == 422
    assert desk.post("/console/accounts/app", code="x", name="x").status_code == 403


def test_an_own_password_is_changed_by_who_knows_the_present_one(flask, rooms, desk_of):
    flask.register_blueprint(login_page.blueprint(rooms))
    li = rooms.staff.add("A1", "李静", by="t")
    from kernel.secret import Secret

    rooms.access.enrol(li.id, "lijing", Secret("first-password"), by="t")
    hers = desk_of(f"rep {li.id}")
    page = hers.get("/password").text
    assert "lijing" in page
    wrong = hers.post("/password", old="x", new="second-password", again="second-password")
    assert (wrong.status_code, "现在的密码不对" in wrong.text) == (422, True)
    short = hers.post("/password", old="first-password", new="short", again="short")
    assert short.status_code == 422
    differ = hers.post("/password", old="first-password", new="second-password", again="x")
    assert "不一样" in differ.text
    done = hers.post(
        "/password", follow=False, old="first-password", new="second-password",
        again="second-password",
    )  # fmt: skip
    assert done.status_code == 302
    assert "jz_session" in done.headers["Set-Cookie"]
    assert rooms.access.sign_in("lijing", Secret("second-password"))


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, boss, rooms):
    sheet(boss, "bring")
    hers = rooms.staff.one("A1").id
    for path in ("staff", "staff?lang=en", f"staff/{hers}", f"staff/{hers}?lang=en", "?lang=en"):
        for_everybody(path, role="admin")
