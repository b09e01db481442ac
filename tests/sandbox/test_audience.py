"""The official account's fans, tags, codes and counts: refused as the platform refuses them."""

from datetime import timedelta

import pytest

from kernel.calendar import Zone

BEIJING = Zone("Asia/Shanghai")


@pytest.fixture
def tag(platform):
    return platform.ask("tags/create", tag={"name": "高净值"})["tag"]["id"]


@pytest.mark.parametrize(
    ("path", "asked", "code"),
    [
        ("tags/create", {}, 40035),
        ("tags/create", {"tag": {"name": 7}}, 40035),
        ("tags/create", {"tag": {"name": "高净值"}}, 45157),
        ("tags/create", {"tag": {"name": "十一个汉字的标签名太长"}}, 45158),
        ("tags/update", {"tag": {"id": 2, "name": "我的"}}, 45058),
        ("tags/delete", {"tag": {"id": 4_000}}, 45159),
        ("tags/members/batchtagging", {"openid_list": [], "tagid": 100}, 40032),
        ("tags/members/batchtagging", {"openid_list": ["o"] * 51, "tagid": 100}, 40032),
        ("tags/members/batchtagging", {"openid_list": ["nobody"], "tagid": 100}, 40003),
        ("tags/members/batchtagging", {"openid_list": ["nobody"], "tagid": "100"}, 40035),
        ("qrcode/create", {}, 40035),
        ("qrcode/create", {"action_name": "QR_OF_MINE", "action_info": {"scene": {}}}, 40035),
        ("qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE",
                           "action_info": {"scene": {"scene_str": "x" * 65}}}, 40053),
        ("qrcode/create", {"action_name": "QR_LIMIT_SCENE",
                           "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
        ("qrcode/create", {"action_name": "QR_STR_SCENE", "expire_seconds": 2_592_001,
                           "action_info": {"scene": {"scene_str": "x"}}}, 40035),
    ],
)  # fmt: skip
def test_what_the_platform_will_not_have_it_names(platform, tag, path, asked, code):
    assert tag == 100
    assert platform.ask(path, **asked)["errcode"] == code


def test_a_fan_takes_twenty_tags_and_an_account_a_hundred(platform):
    for number in range(100):
        made = platform.ask("tags/create", tag={"name": f"标签{number}"})["tag"]["id"]
        told = platform.ask(
            "tags/members/batchtagging", openid_list=platform.openids[:1], tagid=made
        )
        assert told["errcode"] == (0 if number < 20 else 45059)
    assert platform.ask("tags/create", tag={"name": "又一个"})["errcode"] == 45056
    assert len(platform.ask("tags/getidlist", openid=platform.openids[0])["tagid_list"]) == 20


def test_a_tag_that_is_deleted_is_on_nobody(platform, tag):
    hers = {"openid_list": platform.openids[:2], "tagid": tag}
    platform.ask("tags/members/batchtagging", **hers)
    assert platform.look("tags/get")["tags"][-1] == {"id": tag, "name": "高净值", "count": 2}
    assert "高净值" in platform.page(f"/followers/{platform.openids[0]}").text
    platform.ask("tags/delete", tag={"id": tag})
    assert platform.look("user/info", openid=platform.openids[0])["tagid_list"] == []


def test_a_follower_scans_a_code_on_her_page_and_the_company_hears_its_scene(platform, told):
    asked = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "lc7"}}}
    assert platform.ask("qrcode/create", **asked) == platform.ask("qrcode/create", **asked)
    person = next(each for each in platform.see("followers")["followers"] if not each["followed"])
    page = f"/followers/{person['openid']}"
    assert "lc7" in platform.page(page).text
    platform.page(f"{page}/follow", scene="lc7")
    platform.page(f"{page}/follow", scene="lc7")
    assert [(each["Event"], each["EventKey"]) for each in told()] == [
        ("subscribe", "qrscene_lc7"),
        ("SCAN", "lc7"),
    ]


@pytest.mark.parametrize(
    ("path", "days", "code"),
    [("getusersummary", 7, 0), ("getusersummary", 8, 61501), ("getarticletotal", 2, 61501),
     ("getuserread", 3, 0), ("getuserread", 4, 61501)],
)  # fmt: skip
def test_counts_are_told_for_so_many_days_at_once(platform, clock, path, days, code):
    last = BEIJING.day(clock()) - timedelta(days=1)
    begin = last - timedelta(days=days - 1)
    told = platform.app.test_client().post(
        f"/datacube/{path}?access_token={platform.token}",
        json={"begin_date": begin.isoformat(), "end_date": last.isoformat()},
    ).json  # fmt: skip
    assert told.get("errcode", 0) == code


def test_a_days_counts_are_not_there_before_eight(platform, clock):
    day = BEIJING.day(clock())
    clock.now = BEIJING.at(day + timedelta(days=1)) + timedelta(hours=7)
    platform.token = platform.sign_in(force_refresh=True)["access_token"]

    def told():
        return platform.app.test_client().post(
            f"/datacube/getusercumulate?access_token={platform.token}",
            json={"begin_date": day.isoformat(), "end_date": day.isoformat()},
        ).json["list"]  # fmt: skip

    assert told() == []
    clock.move(timedelta(hours=1))
    following = [each for each in platform.see("followers")["followers"] if each["followed"]]
    assert told()[0]["cumulate_user"] == len(following)
