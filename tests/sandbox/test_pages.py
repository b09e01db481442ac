"""The sandbox's own pages: to see what followers see, and to play one of them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from juzhen.sandbox import pages
from juzhen.sandbox.acting import Acting
from kernel.wording import known


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_speaks_both_languages_and_has_no_gap(platform, clock, language):
    platform.publish()
    clock.move(timedelta(seconds=3))
    article = platform.see("published")["articles"][0]["article_id"]
    appid = platform.world.accounts.officials()[0].appid
    paths = ["/", f"/accounts/{appid}", f"/s/{article}", f"/followers/{platform.openids[0]}"]
    for path in paths:
        page = platform.page(f"{path}?lang={language}")
        assert page.status_code == 200, path
        assert "sandbox_" not in page.text
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_whatever_a_page_may_say_is_a_sentence_in_both_languages():
    """Also what stands on a page only once somebody has posted, asked or scanned something."""
    folder = Path(pages.__file__).parent / "templates"
    asked = {
        (file.name, key)
        for file in folder.rglob("*.html")
        for _, key in re.findall(r"""\bt\((['"])(\w+)\1\s*[,)]""", file.read_text("utf-8"))
    }
    assert len(asked) > 100
    assert [each for each in sorted(asked) if not known(f"sandbox_{each[1]}")] == []


def test_followers_see_what_was_published_until_it_is_deleted(platform, clock):
    submitted = platform.publish()
    appid = platform.world.accounts.officials()[0].appid
    before = platform.page(f"/accounts/{appid}").text
    clock.move(timedelta(seconds=3))
    seen = platform.page(f"/accounts/{appid}").text
    article = platform.ask("freepublish/get", publish_id=submitted["publish_id"])["article_id"]
    platform.ask("freepublish/delete", article_id=article)

    assert ["养老社区开放日" in text for text in (before, seen)] == [False, True]
    assert "养老社区开放日" not in platform.page(f"/accounts/{appid}").text
    assert platform.page(f"/s/{article}").status_code == 404


def test_a_person_can_play_a_follower(platform, told):
    stranger = platform.openids[2]
    platform.page(f"/followers/{stranger}/follow", go="1")
    page = platform.page(f"/followers/{stranger}/say", text="想了解<养老>社区")

    assert "想了解&lt;养老&gt;社区" in page.text
    assert [event.get("Event", "text") for event in told()] == ["subscribe", "text"]


def test_she_opens_only_links_of_the_hub(platform, company):
    fan = platform.openids[0]

    assert platform.page(f"/followers/{fan}/open", url="http://10.0.0.1/").status_code == 400
    platform.page(f"/followers/{fan}/open", url=f"{company.url}/t/abc")
    assert company.came[-1][0] == "/t/abc"


def test_a_page_of_elsewhere_cannot_press_the_buttons(platform):
    client = platform.app.test_client()
    path = f"/followers/{platform.openids[0]}/unfollow"

    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post(path, headers={"Origin": "http://localhost"}).status_code == 303
    # With no referrer at all a browser would call our own forms' origin null.
    assert client.get("/").headers["Referrer-Policy"] == "same-origin"
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_the_cast_acts_on_its_own_and_shrugs_off_a_hub_that_is_away(platform, told, company):
    acting = Acting(platform.world, seed=7)
    company.status = 503
    done = sum(acting.turn() for _ in range(6))
    platform.control("flush")

    assert done == 12
    assert company.came


def test_an_accounts_page_lives_without_reloading_itself(platform):
    page = platform.page(f"/accounts/{platform.world.accounts.officials()[0].appid}").text
    outside = page[: page.index("<noscript>")] + page[page.index("</noscript>") :]

    assert "http-equiv" not in outside
    assert 'id="posts" data-from="/accounts/' in page
