"""WeCom fetches a file by its address: another sum is refused, the end is told by callback, too."""

import hashlib
import re

import pytest

CORP = {
    "kind": "wecom", "appid": "ww1", "secret": "s", "token": "t", "code": "corp",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "name": "长河保险", "followers": 1,
    "reps": [{"userid": "zhang", "name": "张岚"}],
}  # fmt: skip
PIXEL = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


@pytest.fixture
def wecom(platform, company):
    """Asks the corporation's interface; a picture lies at the company's."""
    platform.control("accounts", CORP)
    client = platform.app.test_client()

    def ask(path, **asked):
        told = client.get("/wecom/cgi-bin/gettoken?corpid=ww1&corpsecret=s").json
        where = f"/wecom/cgi-bin/{path}?access_token={told['access_token']}"
        return client.post(where, json=asked).json

    return ask


def asked(company, **more):
    return {
        "scene": 1, "type": "image", "filename": "a.png", "url": f"{company.url}/?echostr=x",
        "md5": hashlib.md5(b"x").hexdigest(),
    } | more  # fmt: skip


def ended(platform, wecom, job):
    platform.control("knobs", {"review_seconds": 0})
    platform.world.settle()
    return wecom("media/get_upload_by_url_result", jobid=job)


def test_a_job_runs_until_its_time_and_lives_a_day(platform, company, wecom):
    platform.control("knobs", {"review_seconds": 60})
    job = wecom("media/upload_by_url", **asked(company))["jobid"]
    platform.world.settle()
    assert wecom("media/get_upload_by_url_result", jobid=job)["status"] == 1
    platform.control("clock", {"seconds": 61})
    assert ended(platform, wecom, job)["status"] == 3  # one letter is no picture
    platform.control("clock", {"seconds": 86_500})
    assert wecom("media/get_upload_by_url_result", jobid=job)["errcode"] == 40058


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"md5": "0" * 32}, 830003),
        ({"url": "http://127.0.0.1:9/gone"}, 830001),
        ({"url": "http://example.com/a.png"}, 830001),
        ({}, 830004),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_its_code(platform, company, wecom, more, code):
    platform.control("knobs", {"review_seconds": 0})
    job = wecom("media/upload_by_url", **asked(company, **more))["jobid"]
    told = ended(platform, wecom, job)
    assert (told["status"], told["detail"]["errcode"]) == (3, code)


def test_a_picture_that_fits_is_a_media_and_the_end_is_told(platform, company, wecom):
    platform.control("knobs", {"review_seconds": 0})
    company.picture = PIXEL
    job = wecom(
        "media/upload_by_url",
        **asked(company, url=f"{company.url}/a.png", md5=hashlib.md5(PIXEL).hexdigest()),
    )["jobid"]
    told = ended(platform, wecom, job)
    assert told["status"] == 2
    corp = platform.world.accounts.corp("corp")
    assert platform.world.library.file(told["detail"]["media_id"], corp)["kind"] == "image"
    platform.world.callbacks.flush()
    assert re.match(r"/callbacks/corp", company.came[-1][0])


@pytest.mark.parametrize("wrong", [{"scene": 2}, {"type": "gif"}, {"md5": "short"}, {"url": ""}])
def test_what_is_asked_wrongly_is_refused_at_once(company, wecom, wrong):
    assert wecom("media/upload_by_url", **asked(company, **wrong))["errcode"] == 40058
