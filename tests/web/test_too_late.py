"""A form that is sent after the sign-in has run out: what was typed is still there."""

import re

import pytest

from juzhen import console
from juzhen.web import problems
from kernel.errors import Overloaded
from tests.web.pages_house import PagesHouse

OURS = {"Accept": "text/html", "Origin": "http://localhost"}
TYPED = {"title": "写了很久的一段 <b>话</b>", "tag": ["养老", "健康"], "csrf": "old"}


@pytest.fixture
def house(records, people, clock, tmp_path):
    kept = PagesHouse(records, people, clock, tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def client(house):
    return house.application(console.blueprint(house)).test_client()


def hidden(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return [(name, value) for name, value in found if name not in ("csrf", "once")]


def test_who_is_signed_out_signs_in_and_sends_it_again_as_it_was(client):
    told = client.post("/console/materials/new?type=image_text", data=TYPED, headers=OURS)
    assert told.status_code == 401
    assert "你填的内容还在" in told.text
    assert 'href="/login" target="_blank"' in told.text
    assert hidden(told.text) == [
        ("title", "写了很久的一段 &lt;b&gt;话&lt;/b&gt;"), ("tag", "养老"), ("tag", "健康"),
    ]  # fmt: skip
    english = client.post("/console/materials/new?lang=en", data=TYPED, headers=OURS)
    assert "What you typed is still here" in english.text


def test_what_another_site_sent_and_passwords_are_not_kept(client, house):
    for headers in ({"Accept": "text/html"}, OURS | {"Origin": "https://evil.example"}):
        told = client.post("/console/materials/new", data=TYPED, headers=headers)
        assert (told.status_code, hidden(told.text)) == (401, [])
    from juzhen.web import login

    house_client = house.application(login.blueprint(house)).test_client()
    told = house_client.post("/password", data={"old": "secret"}, headers=OURS)
    assert told.status_code == 401
    assert "secret" not in told.text


def test_nobody_else_is_told_what_was_typed(client):
    told = client.post("/console/staff", data=TYPED, headers=OURS | {"X-Actor": "editor"})
    assert (told.status_code, hidden(told.text)) == (403, [])


@pytest.mark.parametrize("failure", [Overloaded("too_many_requests_wait"), RuntimeError("broken")])
def test_what_we_could_not_take_is_sent_again_with_one_touch(client, failure):
    def fails():
        raise failure

    client.application.register_error_handler(Exception, problems._fail)
    client.application.add_url_rule("/fails", view_func=fails, methods=["POST"])
    told = client.post("/fails", data=TYPED, headers=OURS | {"X-Actor": "editor"})
    assert told.status_code in {500, 503}
    assert "这次没有保存" in told.text
    assert ("tag", "健康") in hidden(told.text)
    assert "选好的文件带不过来" not in told.text
