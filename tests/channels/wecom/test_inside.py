"""Inside WeCom: a rep signs in by it, and a page beside her chats is signed for its address."""

import hashlib
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from channels.base import KnowsReps, Refused, StandsBeside

PAGE = "https://hub.example.com/workbench/beside/wecom?from=chat#top"


def code_of(platform, userid):
    return platform.world.friends.sign_in(platform.world.accounts.corp("wecom"), userid)


def test_a_code_says_who_she_is_once(channel, platform, staff):
    assert isinstance(channel, KnowsReps)
    code = code_of(platform, "zhang")
    assert channel.rep_of(code) == staff.one("zhang").id
    with pytest.raises(Refused) as no:
        channel.rep_of(code)
    assert no.value.reason == "login_code_unknown"


def test_a_member_who_is_none_of_ours_is_refused_by_name(channel, platform, staff):
    from juzhen.sandbox.accounts import Rep

    corp = platform.world.accounts.corp("wecom")
    assert Rep(userid="li", name="李默") in corp.reps
    platform.control("accounts", {
        "kind": "wecom", "appid": corp.appid, "secret": corp.secret, "token": corp.token,
        "aes_key": corp.aes_key, "code": corp.code, "reps": [{"userid": "stranger"}],
    })  # fmt: skip
    with pytest.raises(Refused) as no:
        channel.rep_of(code_of(platform, "stranger"))
    assert no.value.reason == "nobody_of_ours"


def test_the_sandbox_asks_whom_one_plays_and_goes_back_only_to_the_hub(channel, platform):
    back = f"{platform.world.readers.hub}/login/by/wecom/back"
    where = channel.sign_in_at(back, "s1").partition("#")[0]
    with urlopen(where) as page:
        told = page.read().decode()
    assert "张岚" in told
    assert "state=s1" in told
    with pytest.raises(OSError, match="400"):
        urlopen(channel.sign_in_at("https://evil.example.com/back", "s1").partition("#")[0])


def test_both_signatures_are_those_of_the_platforms_rule(channel, platform):
    assert isinstance(channel, StandsBeside)
    told = channel.beside(PAGE)
    corp = platform.world.accounts.corp("wecom")
    for name, ticket in (
        ("signature", f"corp-{corp.appid}-ticket"), ("agentSignature", f"agent-{corp.agent}-ticket")
    ):  # fmt: skip
        text = (
            f"jsapi_ticket={ticket}&noncestr={told['nonceStr']}"
            f"&timestamp={told['timestamp']}&url={PAGE.partition('#')[0]}"
        )
        assert told[name] == hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def test_tickets_are_asked_for_once_while_they_live(channel, platform):
    for _ in range(3):
        channel.beside(PAGE)
    counts = platform.control("journal")["counts"]
    assert (counts["get_jsapi_ticket"], counts["ticket/get"]) == (1, 1)


def test_where_she_is_asked_names_the_corporation_and_comes_back(channel):
    told = parse_qs(urlsplit(channel.sign_in_at("https://h.cn/back", "s")).query)
    assert told["redirect_uri"] == ["https://h.cn/back"]
    assert told["agentid"] == ["1000002"]
