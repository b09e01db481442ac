"""The console through the whole application: a login, a session, forms that are our own."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from juzhen.settings import begin, load
from juzhen.web.app import create
from juzhen.web.asking import COOKIE
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.secret import Secret
from tests.blank import migrate

PASSWORD = "a horse of the house"
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def company(tmp_path):
    begin(tmp_path, company_name="安和人寿", stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    platform = assemble(settings)
    unit = platform.staff.add_unit("north", "华北分公司", by="t")
    for code, role, where in (("chen", Role.EDITOR, ""), ("liu", Role.EDITOR, unit.id)):
        person = platform.staff.add(code, f"编辑{code}", by="t", role=role, unit=where)
        platform.access.enrol(person.id, code, Secret(PASSWORD), by="t")
    yield platform
    platform.close()


def signed_in(platform, name):
    browser = create(platform).test_client()
    browser.post("/login", data={"name": name, "password": PASSWORD}, headers=PAGE)
    return browser


def token(browser, path):
    return re.search(r'name="csrf" value="([^"]+)"', browser.get(path, headers=PAGE).text)[1]


def test_a_wrong_password_asks_for_the_password_alone_again(company):
    browser = create(company).test_client()
    told = browser.post("/login", data={"name": "che<n", "password": "wrong"}, headers=PAGE)
    assert told.status_code == 401
    assert re.search(r'name="name" value="che&lt;n"[^>]*required>', told.text)
    assert re.search(r'name="password"[^>]*autofocus>', told.text)


def test_a_page_that_is_not_there_says_so_once_and_what_to_do(company):
    page = signed_in(company, "chen").get("/console/nothing", headers=PAGE).text
    main = page.partition("<main")[2]
    assert main.count("没有这个页面") == 1
    assert "核对地址" in main


def test_an_editor_signs_in_and_makes_a_material(company):
    browser = signed_in(company, "chen")
    path = "/console/materials/new?type=script"
    form = {"title": "开场", "body": "{客户称呼}好", "csrf": token(browser, path)}

    made = browser.post(path, data=form, headers=PAGE)

    assert made.status_code == 303
    page = browser.get(made.location, headers=PAGE)
    assert "素材已建立" in page.text
    assert "编辑chen" in page.text
    assert " · 安和人寿</title>" in page.text
    assert '<span class="company">安和人寿</span>' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_who_must_sign_in_first_comes_back_to_the_very_page(company):
    browser = create(company).test_client()
    page = "/console/materials?type=script&text=养老"

    asked = browser.get(page, headers=PAGE)
    login = browser.get(asked.location, headers=PAGE).text
    wanted = html.unescape(re.search(r'name="next" value="([^"]+)"', login)[1])
    form = {"name": "chen", "password": PASSWORD, "next": wanted}
    there = browser.post("/login", data=form, headers=PAGE).location

    assert browser.get(there, headers=PAGE).request.args.to_dict() == {
        "type": "script",
        "text": "养老",
    }


def test_a_form_that_is_not_ours_does_nothing(company):
    browser = signed_in(company, "chen")
    path = "/console/materials/new?type=script"
    ours = token(browser, path)

    for headers, csrf in (
        (PAGE, ""),
        (PAGE, "made-up"),
        (PAGE | {"Sec-Fetch-Site": "cross-site"}, ours),
        (PAGE | {"Origin": "https://evil.example"}, ours),
    ):
        form = {"title": "开场", "csrf": csrf}
        assert browser.post(path, data=form, headers=headers).status_code == 403
    assert company.materials.page().items == []


def test_a_form_sent_again_under_its_key_does_nothing_twice_and_another_form_is_refused(company):
    browser = signed_in(company, "chen")
    csrf = token(browser, "/console/materials/new?type=script")

    def send(title, type_="script"):
        return browser.post(
            f"/console/materials/new?type={type_}", data={"title": title, "csrf": csrf},
            headers=PAGE | {"Idempotency-Key": "k1"},
        ).status_code  # fmt: skip

    assert [send("开场"), send("开场"), send("收尾"), send("开场", "article")] == [
        303,
        303,
        422,
        422,
    ]
    assert [each.title for each in company.materials.page().items] == ["开场"]


def test_an_editor_of_a_branch_changes_only_her_branchs_content(company):
    branch = company.staff.units()[0].id
    others = company.materials.create("script", "总部话术", by="t")
    own = company.materials.create("script", "分公司话术", unit=branch, by="t")
    browser = signed_in(company, "liu")
    csrf = token(browser, f"/console/materials/{own.id}")

    def edit(material, title):
        form = {"title": title, "csrf": csrf, "number": "1"}
        return browser.post(f"/console/materials/{material.id}", data=form, headers=PAGE)

    assert edit(own, "新话术").status_code == 303
    assert edit(others, "新话术").status_code == 403
    made = browser.post(
        "/console/materials/new?type=script", data={"title": "又一个", "csrf": csrf}, headers=PAGE
    )
    assert company.materials.one(made.location.split("/")[-1].split("?")[0]).unit == branch


@pytest.mark.parametrize(
    "sent",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}],
)  # fmt: skip
def test_no_other_site_signs_a_browser_in(company, sent):
    """She would fill in whatever she fills in as the person whom that site chose."""
    browser = create(company).test_client()
    form = {"name": "chen", "password": PASSWORD}
    refused = browser.post("/login", data=form, headers={"Accept": "text/html"} | sent)
    assert refused.status_code == 403
    assert browser.get_cookie(COOKIE) is None
    assert browser.post("/login", data=form).status_code == 302


def test_a_form_that_is_sent_several_times_at_once_does_it_once(company):
    path = "/console/materials/new?type=script"
    browser = signed_in(company, "chen")
    page = browser.get(path, headers=PAGE).text
    names = ("csrf", "once")
    hidden = {each: re.search(f'name="{each}" value="([^"]+)"', page)[1] for each in names}

    def sent(title):
        again = create(company).test_client()
        again.set_cookie(COOKIE, browser.get_cookie(COOKIE).value)
        form = hidden | {"title": title, "body": "{客户称呼}好"}
        return again.post(path, data=form, headers=PAGE)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(sent, ["开场"] * 4))
    assert {each.status_code for each in answers} == {303}
    assert len({each.location for each in answers}) == 1
    assert sent("另一个").location != answers[0].location  # back, and something else typed
    assert [sent("").status_code for _ in range(2)] == [422, 422]
    assert sorted(each.title for each in company.materials.page().items) == ["另一个", "开场"]


def test_signing_in_as_somebody_else_ends_what_the_browser_had_before(company):
    browser, other = signed_in(company, "chen"), create(company).test_client()
    before = browser.get_cookie(COOKIE).value
    form = {"name": "liu", "password": PASSWORD, "csrf": token(browser, "/console/")}
    assert browser.post("/login", data=form, headers=PAGE).status_code == 302
    other.set_cookie(COOKIE, before)
    assert other.get("/console/", headers=PAGE).status_code == 302
    assert "编辑liu" in browser.get("/console/", headers=PAGE).text
