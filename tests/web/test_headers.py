"""S17: every route answers with the security headers, and none tells what runs behind it."""

import re

import pytest

from juzhen.settings import begin, load
from juzhen.web.app import create
from juzhen.web.asking import COOKIE
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.secret import Secret
from tests.blank import migrate

PASSWORD = "a horse of the house"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    home = tmp_path_factory.mktemp("headers")
    begin(home, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(home)})
    migrate(settings)
    made = assemble(settings)
    made.taxonomy.ship(by="t")
    for role in (Role.ADMIN, Role.REP):
        person = made.staff.add(role.value, role.value, role=role, by="t")
        made.access.enrol(person.id, role.value, Secret(PASSWORD), by="t")
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(company):
    return create(company)


def addresses(app):
    """Every route, its gaps filled with something that is not there."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?[^>]+>", "nobody", rule.rule)
        for method in sorted(rule.methods & {"GET", "POST"}):
            yield method, path


def sign_in(client, name):
    told = client.post("/login", data={"name": name, "password": PASSWORD})
    assert told.status_code == 302
    return told


@pytest.mark.parametrize("who", ["nobody", "admin", "rep"])
def test_every_route_answers_with_the_security_headers(app, who):
    with app.test_client() as client:
        if who != "nobody":
            sign_in(client, who)
        asked = list(addresses(app))
        for method, path in asked:
            for accept in ("text/html", "application/json"):
                answer = client.open(path, method=method, headers={"Accept": accept})
                body = answer.get_data().decode("utf-8", "replace")
                assert answer.status_code < 500, (method, path, body)
                for name, value in ALWAYS.items():
                    assert answer.headers[name] == value, (path, name)
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
                assert "Traceback" not in body
                assert not re.search(r"werkzeug|python/|granian", body, re.IGNORECASE), path
        assert len(asked) > 50


def test_no_page_holds_script_or_style_of_its_own(app):
    with app.test_client() as client:
        sign_in(client, "admin")
        for method, path in addresses(app):
            if method == "GET":
                body = (
                    client.get(path, headers={"Accept": "text/html"})
                    .get_data()
                    .decode("utf-8", "replace")
                )
                assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", body), path
                assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//(?!127|localhost)", body), (
                    path
                )


def test_the_session_cookie_is_for_our_site_and_no_script(app):
    with app.test_client() as client:
        (cookie,) = [
            each for each in sign_in(client, "rep").headers.getlist("Set-Cookie") if COOKIE in each
        ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {},
    ],
    ids=["foreign origin", "cross site", "subdomain", "null origin", "no form token"],
)
def test_a_form_of_another_site_does_nothing(app, headers):
    with app.test_client() as client:
        sign_in(client, "admin")
        posts = [path for method, path in addresses(app) if method == "POST"]
        ours = [path for path in posts if path.startswith(("/console", "/workbench"))]
        for path in ours:
            answer = client.post(path, data={"title": "x"}, headers=headers)
            assert answer.status_code == 403, path
        assert len(ours) > 10
