"""A form that is sent after the sign-in has run out: what was typed is still there."""

import re

import pytest

from juzhen import console
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
    return [(name, value) for name, value in found if name != "csrf"]


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
