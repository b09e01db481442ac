"""Access tokens: two doors, early deaths, quotas."""

from datetime import timedelta

import pytest


def test_the_stable_door_gives_the_same_token_until_shortly_before_its_end(platform, clock):
    first = platform.sign_in()
    clock.move(timedelta(seconds=6_800))
    later = platform.sign_in()
    clock.move(timedelta(seconds=200))
    renewed = platform.sign_in()

    assert later == {"access_token": first["access_token"], "expires_in": 400}
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7_200


def test_a_forced_refresh_kills_the_old_token_and_is_kept_thirty_seconds_apart(platform, clock):
    old = platform.token
    clock.move(timedelta(seconds=31))
    new = platform.sign_in(force_refresh=True)["access_token"]
    again = platform.sign_in(force_refresh=True)["access_token"]

    assert new != old
    assert again == new
    assert platform.ask("draft/batchget", old, offset=0, count=1)["errcode"] == 42001
    assert platform.ask("draft/batchget", new, offset=0, count=1)["total_count"] == 0


def test_the_old_door_lets_the_former_token_live_five_minutes_more(platform, clock):
    former, _ = platform.fresh_token()["access_token"], platform.fresh_token()

    assert "total_count" in platform.ask("draft/batchget", former, offset=0, count=1)
    clock.move(timedelta(seconds=301))
    assert platform.ask("draft/batchget", former, offset=0, count=1)["errcode"] == 42001


def test_neither_door_kills_the_tokens_of_the_other(platform):
    platform.fresh_token()
    platform.fresh_token()

    assert "total_count" in platform.ask("draft/batchget", offset=0, count=1)


def test_a_token_lives_two_hours(platform, clock):
    clock.move(timedelta(seconds=7_200))

    assert platform.ask("draft/batchget", offset=0, count=1)["errcode"] == 42001


def test_tokens_can_die_before_their_time(platform):
    platform.control("knobs", {"token_dies": True})

    assert platform.ask("draft/batchget", offset=0, count=1)["errcode"] == 42001
    assert platform.sign_in()["access_token"] != platform.token


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"secret": "guess"}, 40125),
        ({"appid": "wx0"}, 40013),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_a_wrong_word_is_named(platform, changes, errcode):
    assert platform.sign_in(**changes)["errcode"] == errcode


@pytest.mark.parametrize(("token", "errcode"), [("made up", 40001), (" ", 40001)])
def test_a_token_of_nobody_is_refused(platform, token, errcode):
    assert platform.ask("draft/batchget", token, offset=0, count=1)["errcode"] == errcode


def test_asking_too_often_ends_at_midnight_in_beijing(platform, clock):
    platform.control("knobs", {"a_day": {"token": 2}})
    asked = [platform.fresh_token().get("errcode", 0) for _ in range(3)]
    clock.move(timedelta(hours=7))  # 17:00 in Beijing becomes midnight

    assert asked == [0, 0, 45009]
    assert "access_token" in platform.fresh_token()


def test_the_minute_has_a_limit_of_its_own(platform, clock):
    platform.control("knobs", {"a_minute": {"draft/batchget": 1}})
    asked = [platform.ask("draft/batchget", offset=0, count=1).get("errcode", 0) for _ in range(2)]
    clock.move(timedelta(minutes=1))

    assert asked == [0, 45011]
    assert "total_count" in platform.ask("draft/batchget", offset=0, count=1)


def test_quotas_can_be_cleared_ten_times_a_month(platform):
    appid = platform.world.accounts.officials()[0].appid
    cleared = [platform.ask("clear_quota", appid=appid)["errcode"] for _ in range(11)]

    assert cleared == [0] * 10 + [48006]
