"""Ways in, whatever happens between the row here and the platform that makes it."""

from datetime import timedelta

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.base import Busy, Refused, wait_after
from channels.live_codes import Code, LiveCodes
from kernel.errors import Conflict, Invalid, Overloaded


class MakesCodes:
    """A platform that makes codes, and lets something happen meanwhile."""

    def __init__(self):
        self.there = set()
        self.meanwhile = lambda: None

    def make_code(self, state, reps, *, remark, confirm):
        self.meanwhile()
        self.there.add(state)
        return Code(state, "https://example.com/qr.png")

    def find_code(self, state, since):
        return None

    def drop_code(self, code):
        self.there.discard(code)


@pytest.fixture
def platform():
    return MakesCodes()


@pytest.fixture
def accounts(records, changes, clock):
    return Accounts(records, changes, Sealer({"k": bytes(32)}), clock)


@pytest.fixture
def broken():
    """Accounts whose channel cannot be made just now."""
    return set()


@pytest.fixture
def codes(records, changes, accounts, platform, broken, clock):
    def made(account, secrets):
        if account.code in broken:
            raise Conflict("sealing_key_missing", key="k")
        return platform

    for code in ("one", "other"):
        accounts.add(code=code, name=code, kind="makes", ecosystem="wechat", by="t")
    return LiveCodes(records, changes, accounts, Channels(accounts, {"makes": made}), clock)


def test_what_is_dropped_while_the_platform_makes_it_is_dropped_there_too(codes, platform):
    def drop():
        (made,) = codes.page().items
        codes.drop(made.id, by="t")

    platform.meanwhile = drop
    code = codes.create("one", "门店", by="t")
    assert codes.one(code.id).dropped is not None
    assert codes.finish() == 1
    assert platform.there == set()
    assert codes.finish() == 0


def test_a_code_of_an_account_that_cannot_be_used_holds_up_no_other(
    codes, platform, accounts, broken, clock
):
    mine, other = (codes.create(code, "门店", by="t") for code in ("one", "other"))
    broken.add("one")
    accounts.edit("one", name="改", by="t")  # its channel is made anew
    assert codes.drop(mine.id, by="t").reason == "sealing_key_missing"
    codes.drop(other.id, by="t")
    assert platform.there == {mine.ref}

    clock.move(timedelta(hours=1))
    assert codes.finish() == 1  # it cannot be asked yet, and is asked again
    broken.clear()
    accounts.edit("one", name="修", by="t")
    clock.move(timedelta(hours=1))
    assert codes.finish() == 1
    assert platform.there == set()
    assert (codes.one(mine.id).reason, codes.one(mine.id).next_at) == ("", None)


def test_words_that_the_company_bars_welcome_nobody(codes, platform):
    with pytest.raises(Invalid) as refused:
        codes.create("one", "门店", words="稳赚不赔，欢迎您", by="t")
    assert [(flaw.field, flaw.facts) for flaw in refused.value.flaws] == [
        ("words", {"words": ["稳赚不赔"]})
    ]
    assert platform.there == set()


def test_a_code_that_leads_to_a_rep_is_made_once(codes, platform, clock):
    def away():
        raise Busy("platform_unreachable")

    platform.meanwhile = away
    owed = codes.lead_to("one", "stf_2", "赵", by="stf_2")
    assert (owed.picture, owed.reason) == ("", "platform_unreachable")
    assert codes.lead_to("one", "stf_2", "赵", by="stf_2").id == owed.id
    assert codes.of_rep("stf_2") is None
    platform.meanwhile = lambda: None
    clock.move(timedelta(hours=1))
    assert codes.finish() == 1
    assert codes.of_rep("stf_2").id == owed.id
    mine = codes.lead_to("one", "stf_1", "李", by="stf_1")
    assert codes.lead_to("one", "stf_1", "李", by="stf_1").id == mine.id
    assert codes.of_rep("stf_1").picture == "https://example.com/qr.png"
    codes.drop(mine.id, by="t")
    assert codes.lead_to("one", "stf_1", "李", by="stf_1").id != mine.id


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (Busy("platform_said_later", seconds=90), timedelta(seconds=90)),
        (Busy("platform_unreachable"), timedelta(minutes=1)),
        (Overloaded("records_are_busy", seconds=2), timedelta(seconds=2)),
        (Refused("platform_refused"), timedelta(hours=1)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_passes_by_itself_is_asked_again_soon_and_what_must_be_mended_seldom(trouble, wait):
    assert wait_after(trouble, timedelta(minutes=1)) == wait
