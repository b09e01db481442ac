"""Drafts, reviews and articles, as a company meets them."""

import json
from dataclasses import asdict
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from juzhen.sandbox.library import filtered


def described(platform, appid):
    return asdict(platform.world.accounts.official(appid))


def progress(platform, submitted):
    return platform.ask("freepublish/get", publish_id=submitted["publish_id"])


def test_being_submitted_is_not_being_shown(platform, clock):
    submitted = platform.publish()

    assert submitted["errcode"] == 0
    assert progress(platform, submitted)["publish_status"] == 1
    assert platform.see("published")["articles"] == []

    clock.move(timedelta(seconds=3))
    told = progress(platform, submitted)

    assert told["publish_status"] == 0
    assert told["article_detail"]["item"][0]["idx"] == 1
    (article,) = platform.see("published")["articles"]
    assert (article["article_id"], article["shown"]) == (told["article_id"], True)


def test_the_draft_is_gone_once_it_is_shown(platform, clock):
    media_id = platform.draft()["media_id"]
    platform.ask("freepublish/submit", media_id=media_id)
    clock.move(timedelta(seconds=3))
    platform.see("published")

    assert platform.ask("draft/get", media_id=media_id)["errcode"] == 40007
    assert platform.look("draft/count") == {"total_count": 0}


def test_what_is_submitted_twice_is_shown_twice(platform, clock):
    media_id = platform.draft()["media_id"]
    for _ in range(2):
        platform.ask("freepublish/submit", media_id=media_id)
    clock.move(timedelta(seconds=3))

    assert platform.see("published")["effects"] == {"http://127.0.0.1:8000/t/abc#dlv_1": 2}


@pytest.mark.parametrize(
    ("changes", "status", "failed"),
    [
        pytest.param({"title": "抄袭的文章"}, 2, [1], id="originality"),
        pytest.param({"content": "<p>发布失败</p>"}, 3, [], id="ordinary"),
        pytest.param({"content": "<p>保本保息</p>"}, 4, [1], id="review"),
    ],
)
def test_a_review_may_refuse_by_words(platform, clock, changes, status, failed):
    submitted = platform.publish(**changes)
    clock.move(timedelta(seconds=3))
    told = progress(platform, submitted)

    assert (told["publish_status"], told["fail_idx"]) == (status, failed)
    assert platform.see("published")["articles"] == []


def test_a_review_may_be_told_to_refuse_once(platform, clock):
    platform.control("knobs", {"refuse_review": {"status": 4, "times": 1}, "review_seconds": 0})
    told = [progress(platform, platform.publish())["publish_status"] for _ in range(2)]

    assert told == [4, 0]


def test_a_deleted_article_is_gone_from_the_list_and_cannot_be_deleted_again(platform, clock):
    submitted = platform.publish()
    clock.move(timedelta(seconds=3))
    article_id = progress(platform, submitted)["article_id"]

    deleted = [platform.ask("freepublish/delete", article_id=article_id) for _ in range(2)]

    assert [told["errcode"] for told in deleted] == [0, 53600]
    assert platform.ask("freepublish/batchget", offset=0, count=20)["total_count"] == 0
    assert progress(platform, submitted)["publish_status"] == 5
    (news,) = platform.ask("freepublish/getarticle", article_id=article_id)["news_item"]
    assert news["is_deleted"] is True


def test_the_platform_may_ban_an_article_afterwards(platform, clock):
    submitted = platform.publish()
    clock.move(timedelta(seconds=3))
    platform.control("ban", {"article_id": progress(platform, submitted)["article_id"]})

    assert progress(platform, submitted)["publish_status"] == 6
    assert platform.see("published")["articles"][0]["shown"] is False


def test_the_list_is_newest_first_and_carries_the_link_that_we_gave(platform, clock):
    for number in range(3):
        platform.publish(content_source_url=f"http://127.0.0.1/t/{number}#key")
        clock.move(timedelta(seconds=3))
    page = platform.ask("freepublish/batchget", offset=1, count=20, no_content=1)

    links = [item["content"]["news_item"][0]["content_source_url"] for item in page["item"]]
    assert (page["total_count"], links) == (
        3,
        ["http://127.0.0.1/t/1#key", "http://127.0.0.1/t/0#key"],
    )


def test_an_account_without_the_right_is_told_so(platform):
    appid = platform.world.accounts.officials()[0].appid
    told = described(platform, appid) | {"right_to_publish": False}
    platform.control("accounts", told)

    assert platform.ask("freepublish/batchget", offset=0, count=1)["errcode"] == 48001


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        pytest.param({"title": "题" * 33}, 45003, id="long title"),
        pytest.param({"title": ""}, 45003, id="no title"),
        pytest.param({"author": "人" * 17}, 45110, id="long author"),
        pytest.param({"digest": "摘" * 129}, 45004, id="long digest"),
        pytest.param({"content": "文" * 20_000}, 45002, id="long content"),
        pytest.param({"content": ""}, 44004, id="no content"),
        pytest.param({"content_source_url": "http://x/" + "y" * 1_024}, 45005, id="long link"),
        pytest.param({"thumb_media_id": "nothing"}, 40007, id="no such cover"),
    ],
)
def test_a_draft_over_a_limit_is_refused(platform, changes, errcode):
    assert platform.draft(**changes)["errcode"] == errcode


def test_a_draft_at_every_limit_is_taken(platform):
    at_most = {"title": "题" * 32, "digest": "摘" * 128, "content": "文" * 19_999}

    assert "media_id" in platform.draft(**at_most)


def test_a_cover_must_be_permanent(platform):
    fleeting = platform.upload("media/upload")["media_id"]

    assert platform.draft(thumb_media_id=fleeting)["errcode"] == 40007


def test_escaped_characters_are_refused(platform):
    article = {"title": "养老", "content": "x", "thumb_media_id": platform.upload()["media_id"]}

    assert platform.raw("draft/add", json.dumps({"articles": [article]})).json["errcode"] == 47001
    assert "media_id" in platform.raw("draft/add", orjson.dumps({"articles": [article]})).json


@pytest.mark.parametrize(
    ("data", "kind", "errcode"),
    [
        pytest.param(b"", "image", 41005, id="empty"),
        pytest.param(b"plain text, no picture", "image", 40005, id="not a picture"),
        pytest.param(b"\xff\xd8\xff" + b"0" * 64_000, "thumb", 45001, id="big thumb"),
        pytest.param(b"\x89PNG", "letter", 40004, id="unknown kind"),
    ],
)
def test_an_upload_is_judged_by_kind_content_and_size(platform, data, kind, errcode):
    assert platform.upload(data=data, kind=kind)["errcode"] == errcode


def test_a_temporary_file_lives_three_days(platform, clock):
    media_id = platform.upload("media/upload")["media_id"]
    clock.move(timedelta(days=3, seconds=1))

    assert platform.page(f"/mmbiz/{media_id}").status_code == 404


def test_a_picture_of_ours_is_kept_and_others_are_filtered_out(platform):
    url = platform.upload("media/uploadimg")["url"]
    kept = filtered(
        f'<p>a<img src="{url}"><img src="https://elsewhere/x.png"><script>1</script></p>'
    )

    assert kept == f'<p>a<img src="{url}"></p>'
    assert platform.page(url.partition("localhost")[2]).data.startswith(b"\x89PNG")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="<>img srcspt='\"/:.养老=on", max_size=60))
def test_no_filtered_text_holds_a_script_or_a_strange_picture(text):
    clean = filtered(text).lower()

    assert "<script" not in clean
    assert "<img" not in clean


def test_the_answer_to_nonsense_is_an_error_code_not_a_crash(platform):
    for body in (b"", b"{", b"[1]", b'{"articles": 1}', b'{"articles": [1]}', b'{"articles": []}'):
        assert platform.raw("draft/add", body).json["errcode"] in {44002, 44003, 47001}
    assert platform.ask("no/such/call")["errcode"] == 40066
