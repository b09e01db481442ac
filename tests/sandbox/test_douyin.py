"""Douyin's twin is strict about whose a token is, what it is told, and how much a day takes."""

import io
from datetime import timedelta

import pytest

from kernel.calendar import Zone

CREATOR = {"kind": "douyin", "code": "dy", "name": "长河", "client_key": "ck", "client_secret": "s"}
OTHER = CREATOR | {"code": "dy2", "client_key": "other"}
V1 = "/douyin-open/api/douyin/v1/video"


@pytest.fixture
def creator(platform):
    platform.control("accounts", CREATOR)
    platform.control("accounts", OTHER)
    return platform.world.accounts.creators()[0]


@pytest.fixture
def ask(platform, creator):
    """Signed in as the creator; the platform's own code comes back."""
    platform.world.studio.granted(creator, {"access": "acc", "refresh": "ref"})
    client = platform.app.test_client()

    def asked(path, **told):
        head = {"access-token": "acc"}
        whose = {"open_id": creator.open_id}
        return client.post(path, query_string=whose, headers=head, **told).json["data"]

    return asked


def picture(ask):
    file = {"image": (io.BytesIO(b"\x89PNG" + b"0" * 80), "a.png")}
    return ask(f"{V1}/upload_image/", data=file)["image"]["image_id"]


def create(ask, **changes):
    told = {"text": "开放日", "image_list": [picture(ask)]} | changes
    return ask(f"{V1}/create_image_text/", json=told)["error_code"]


@pytest.mark.parametrize("path", ["refresh_token", "renew_refresh_token"])
def test_a_grant_is_renewed_by_the_application_it_was_given_to(ask, path):
    told = {"grant_type": "refresh_token", "refresh_token": "ref"}
    address = f"/douyin-open/oauth/{path}/"
    assert ask(address, data=told | {"client_key": "other"})["error_code"] == 10010
    assert ask(address, data=told | {"client_key": "nobody"})["error_code"] == 2190002
    assert ask(address, data=told | {"client_key": "ck"})["error_code"] == 0


def test_a_code_is_good_for_the_application_that_asked_for_it(platform, creator, ask):
    told = {"client_secret": "s", "grant_type": "authorization_code",
            "code": platform.world.studio.consent(creator)}  # fmt: skip
    address = "/douyin-open/oauth/access_token/"
    assert ask(address, json=told | {"client_key": "other"})["error_code"] == 10007
    assert ask(address, json=told | {"client_key": "ck"})["error_code"] == 0
    assert ask(address, json=told | {"client_key": "ck"})["error_code"] == 10007


def test_a_day_is_the_platforms_own(platform, ask, clock):
    platform.control("knobs", {"a_day": {"create_video": 1}})
    beijing = Zone("Asia/Shanghai")
    midnight = beijing.at(beijing.day(clock()) + timedelta(days=1))
    clock.move(midnight - clock() - timedelta(minutes=5))
    assert [create(ask), create(ask)] == [0, 2114007]
    clock.move(timedelta(minutes=5))
    assert [create(ask), create(ask)] == [0, 2114007]


def test_pictures_that_are_none_and_whoever_sees_it_are_refused(ask):
    assert create(ask, image_list=[5]) == 2100005
    assert create(ask, image_list=["@imaffff"]) == 2100005
    video = {"text": "开放日", "video_id": "@vid1", "private_status": 7}
    assert ask(f"{V1}/create_video/", json=video)["error_code"] == 2100005
    card = {"title": "留电话", "components": [2]}
    save = "/douyin-open/im/save/retain_consult_card/"
    assert ask(save, json=card | {"media_id": "@imaffff"})["error_code"] == 2100005
    assert ask(save, json=card | {"media_id": picture(ask)})["error_code"] == 0
