"""The tables of codes: what each asks of us, where it stands, and what was never seen on a list."""

import pytest

from channels.wechat.wecom.wire import WECOM
from channels.wechat.wire import OFFICIAL
from kernel.wording import say

PAGES = {90312, 90313, 90454, 91039, 92117, 92125, 92135, 92137, 95094, 96351}
"""Numbers of the platform's own pages, which look like codes and are none."""


@pytest.mark.parametrize("codes", [OFFICIAL, WECOM], ids=["official_account", "wecom"])
def test_a_code_asks_for_one_thing_and_has_words_in_both_languages(codes):
    parts = [codes.expired, codes.signed_out, set(codes.later), set(codes.minded)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    for reason in codes.minded.values():
        assert say(reason, "zh", account="", userid="") != say(reason, "en", account="", userid="")


@pytest.mark.parametrize("codes", [OFFICIAL, WECOM], ids=["official_account", "wecom"])
def test_a_table_says_where_it_stands_and_what_no_list_names(codes):
    known = codes.expired | codes.signed_out | set(codes.later) | set(codes.minded)
    assert codes.source
    assert codes.unverified <= known
    assert not known & PAGES
