"""The last word on a purpose counts, over all of a customer's handles."""

from datetime import timedelta

import pytest

from data_hub.consents import MARKETING, SERVICE, Consents
from tests.data_hub.telling import mobile, openid

HERS = [openid("o1"), mobile()]


@pytest.fixture
def consents(records, changes, clock):
    return Consents(records, changes, clock)


def test_what_counts_while_nobody_has_said_anything_is_the_companys_choice(
    consents, records, changes, clock
):
    careful = Consents(records, changes, clock, assumed=[SERVICE])

    assert consents.allows(HERS, MARKETING)
    assert careful.allows(HERS, SERVICE)
    assert not careful.allows(HERS, MARKETING)


def test_a_word_by_one_handle_counts_for_all_of_hers(consents):
    consents.withdraw([mobile()], MARKETING, source="/me")

    assert not consents.allows(HERS, MARKETING)
    assert consents.allows([openid("o1")], MARKETING)
    assert consents.allows(HERS, SERVICE)


def test_the_last_word_counts_whichever_handle_it_came_by(consents, clock):
    consents.withdraw([mobile()], MARKETING, source="call")
    clock.move(timedelta(minutes=1))
    consents.allow([openid("o1")], MARKETING, source="menu", wording="v3")

    assert consents.allows(HERS, MARKETING)


def test_of_two_words_at_the_same_moment_the_refusal_counts(consents):
    consents.allow([openid("o1")], MARKETING, source="menu")
    consents.withdraw([mobile()], MARKETING, source="call")

    assert not consents.allows(HERS, MARKETING)


def test_a_channel_may_be_left_alone_and_all_of_them(consents, clock):
    consents.withdraw(HERS, MARKETING, channel="sms", source="reply")
    assert not consents.allows(HERS, MARKETING, "sms")
    assert consents.allows(HERS, MARKETING, "wechat_oa")

    clock.move(timedelta(days=1))
    consents.withdraw(HERS, MARKETING, source="/me")
    assert not consents.allows(HERS, MARKETING, "wechat_oa")


def test_every_word_stands_with_its_time_and_source_and_in_the_changes(consents, changes, clock):
    consents.allow([mobile()], MARKETING, source="/c/form", wording="v3")

    [said] = consents.of(HERS)
    assert (said.at, said.source, said.wording) == (clock(), "/c/form", "v3")
    [noted] = changes.after("").changes
    assert (noted.act, noted.handle) == ("opted_in", str(mobile()))
