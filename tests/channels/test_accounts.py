"""Accounts: sealed secrets, one ecosystem each, pausing; and the registry of channels."""

import threading

import pytest
from sqlalchemy import text

from channels.accounts import Channels, Needs, Sealer
from kernel.errors import Conflict, Invalid, NotFound, Problem


@pytest.fixture
def oa(house):
    return house.account(secrets={"secret": "s3cret-value"})


def test_an_account_is_found_by_id_code_and_write_key(house, oa):
    assert house.accounts.one(oa.id).id == house.accounts.one("board").id == oa.id
    assert house.accounts.by_write_key(oa.write_key).id == oa.id
    assert oa.write_key.startswith("wk_")
    assert house.accounts.by_write_key("wk_guess") is None
    with pytest.raises(NotFound):
        house.accounts.one("nobody")


def test_a_secret_stands_nowhere_as_it_is(house, oa):
    with house.records.read() as session:
        rows = session.execute(text("SELECT * FROM accounts")).all()
    assert "s3cret-value" not in f"{rows}{oa}"
    opened = house.accounts.secrets(oa)
    assert opened["secret"].reveal() == "s3cret-value"
    assert "s3cret-value" not in f"{opened}"


def test_secrets_of_one_account_open_for_no_other(house, oa):
    other = house.account(code="other")
    other.sealed = oa.sealed
    with pytest.raises(Conflict):
        house.accounts.secrets(other)


def test_an_old_key_still_opens_and_the_newest_seals():
    old = Sealer({"k1": b"1" * 32})
    both = Sealer({"k1": b"1" * 32, "k2": b"2" * 32})
    assert both.open(old.seal("x", "a"), "a") == "x"
    assert both.seal("x", "a").startswith("k2:")
    with pytest.raises(Conflict):
        old.open(both.seal("x", "a"), "a")


@pytest.mark.rule("R7.1")
def test_a_code_is_taken_once_and_there_are_four_ecosystems(house, oa):
    with pytest.raises(Conflict):
        house.account()
    for wrong in ("metaverse", "", "wechat,video"):
        with pytest.raises(Invalid) as refused:
            house.account(code="fifth", ecosystem=wrong)
        assert refused.value.field == "ecosystem"


def test_editing_changes_what_is_given_and_no_more(house, oa):
    house.accounts.edit(oa.id, settings={"a": 1}, by="li")
    edited = house.accounts.edit(oa.id, name="新名", by="li")
    assert (edited.settings, edited.name) == ({"a": 1}, "新名")
    assert house.accounts.secrets(edited)["secret"].reveal() == "s3cret-value"


def test_pausing_and_resuming_are_told_once(house, oa):
    for _ in range(2):
        house.accounts.pause(oa.id, "why", by="li")
    assert house.accounts.one(oa.id).paused
    for _ in range(2):
        house.accounts.resume(oa.id, by="li")
    acts = [change.act for change in house.changes.latest("account", oa.id)]
    assert acts == ["account_resumed", "account_paused", "account_added"]


def test_a_kind_without_an_adapter_is_named(house):
    strange = house.account(code="x", kind="fax")
    with pytest.raises(Invalid, match="fax"):
        house.channels.of(strange)


def test_an_account_that_lacks_something_is_refused_by_name_and_holds_up_no_other(house, oa):
    needs = Needs(settings=("app_id",), secrets=("secret", "token"))
    channels = Channels(house.accounts, {"board": lambda account, secrets: None}, {"board": needs})

    with pytest.raises(Invalid) as refused:
        channels.check("board", {}, {"secret"})
    assert [flaw.field for flaw in refused.value.flaws] == ["settings.app_id", "secrets.token"]
    with pytest.raises(Invalid) as unknown:
        channels.check("pigeon", {}, {})
    assert unknown.value.reason == "unknown_channel_kind"
    with pytest.raises(Problem):  # what publishing passes over, and goes on with the next
        channels.of(oa)
    channels.check("board", {"app_id"}, {"secret", "token"})


@pytest.mark.parametrize(
    ("act", "tells"),
    [
        (lambda a, key: a.edit(key, settings={"x": 1}, by="li"), lambda a: a.settings.get("x")),
        (lambda a, key: a.price(key, owned=False, reach_cost=2, by="li"), lambda a: a.reach_cost),
        (lambda a, key: a.pause(key, "recipient_gone", by="li"), lambda a: a.paused),
    ],
    ids=["edit", "price", "pause"],
)
def test_every_change_is_in_the_next_answer_by_id_and_by_code(house, oa, act, tells):
    assert not tells(house.accounts.one(oa.id))
    act(house.accounts, "board")
    for key in (oa.id, "board"):
        assert tells(house.accounts.one(key))


def test_two_who_change_an_account_at_once_lose_nothing(house, oa):
    def price():
        house.accounts.price(oa.id, owned=True, reach_cost=2, by="li")

    other = threading.Thread(target=price)
    with house.records.write():
        house.accounts.edit(oa.id, settings={"carrier": "wecom"}, by="li")
        other.start()
        other.join(0.2)  # it waits for us
    other.join()
    settings = house.accounts.one(oa.id).settings
    assert (settings.get("carrier"), settings["reach_cost"]) == ("wecom", 2)


def test_a_channel_is_made_once_until_its_account_is_edited(house, oa):
    channels = Channels(house.accounts, {"board": lambda account, secrets: (account.name, secrets)})
    first = channels.of("board")
    assert channels.of(oa.id) is first

    house.accounts.edit(oa.id, name="新名", secrets={"secret": "another"}, by="li")
    name, secrets = channels.of("board")
    assert (name, secrets["secret"].reveal()) == ("新名", "another")
