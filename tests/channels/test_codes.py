"""The tables of codes: what each asks of us, where it stands, and what was never seen on a list."""

import pytest

from channels.base import Busy, Refused, SignedOut
from channels.gateways import SMS
from channels.video.ocean_engine import OCEAN_ENGINE
from channels.video.wire import DOUYIN
from channels.wechat.wecom.wire import WECOM
from channels.wechat.wire import OFFICIAL
from kernel.wording import say

TABLES = pytest.mark.parametrize(
    "codes", [OFFICIAL, WECOM, DOUYIN, OCEAN_ENGINE, SMS],
    ids=["official_account", "wecom", "douyin", "ocean_engine", "sms"],
)  # fmt: skip
PAGES = {90312, 90313, 90454, 91039, 92117, 92125, 92135, 92137, 95094, 96351}
"""Numbers of the platform's own pages, which look like codes and are none."""


def parts(codes):
    return [
        codes.expired, codes.signed_out, codes.ungranted, set(codes.later), codes.tomorrow,
        set(codes.minded),
    ]  # fmt: skip


@TABLES
def test_a_code_asks_for_one_thing_and_has_words_in_both_languages(codes):
    assert sum(map(len, parts(codes))) == len(set().union(*parts(codes)))
    for reason in codes.minded.values():
        assert say(reason, "zh", account="", userid="") != say(reason, "en", account="", userid="")


@TABLES
def test_a_table_says_where_it_stands_and_what_no_list_names(codes):
    known = set().union(*parts(codes))
    assert codes.source
    assert codes.unverified <= known
    assert codes.down <= set(codes.later)
    assert not known & PAGES


@TABLES
def test_each_code_becomes_the_failure_that_its_part_of_the_table_says(codes):
    def failed(code):
        return codes.trouble(code, {"path": "/x"}, today=99.0)

    for code, wait in codes.later.items():
        busy = failed(code)
        assert (type(busy), busy.seconds, busy.down) == (Busy, wait, code in codes.down)
    assert {failed(code).seconds for code in codes.tomorrow} <= {99.0}
    assert {failed(code).reason for code in codes.ungranted} <= {"creator_must_grant"}
    assert {type(failed(code)) for code in codes.signed_out | codes.ungranted} == {SignedOut}
    for code, reason in codes.minded.items():
        assert (type(failed(code)), failed(code).reason) == (Refused, reason)
    strange = failed("nobody wrote it down")
    assert (type(strange), strange.reason) == (Refused, "platform_refused")
    assert strange.facts == {"path": "/x", "errcode": "nobody wrote it down"}
