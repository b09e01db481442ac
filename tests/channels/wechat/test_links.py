"""Ways in besides a code on a wall: links, and codes of a mini program with their short key."""

from datetime import datetime, timedelta

import pytest

from channels.accounts import Accounts, Channels, Sealer
from channels.allowances import Allowances
from channels.base import Refused
from channels.live_codes import LINK, LiveCodes, MakesCodes, MakesLinks
from channels.outbound import Outbound, RateGate
from channels.wechat.mail import LetterBox
from channels.wechat.mini_program import MiniProgram
from channels.wechat.tokens import Tokens
from channels.wechat.wire import Wire
from kernel.errors import Conflict, Invalid
from kernel.secret import Secret
from stores.claims import Leases
from tests.channels.sandboxed import ACCOUNT, running

MINI = ACCOUNT | {"appid": "wxmini0000000001", "code": "mini", "name": "小程序", "mini": True}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as played:
        played.post("accounts", **MINI)
        yield played


@pytest.fixture
def mini(sandbox, records, clock):
    clock.now = datetime.fromisoformat(sandbox.ask("clock")["now"])
    outbound = Outbound(origins=[sandbox.url])
    wire = Wire(
        outbound, Tokens(records, Leases(records, clock), Sealer({"k": bytes(32)}), clock),
        RateGate(records, clock), account="acc_m", appid=MINI["appid"],
        secret=Secret(MINI["secret"]), host=sandbox.url, per_minute=60_000,
    )  # fmt: skip
    letters = LetterBox(clock, account="acc_m", token="t", envelope=None)
    yield MiniProgram(
        wire, Allowances(records, clock), letters, clock, account="acc_m", appid=MINI["appid"],
        secret=Secret(MINI["secret"]),
    )  # fmt: skip
    outbound.close()


@pytest.fixture
def ways(records, changes, clock, mini):
    accounts = Accounts(records, changes, Sealer({"k": bytes(32)}), clock)
    accounts.add(code="mini", name="小程序", kind="mini", ecosystem="wechat", by="t")
    kept = {}

    def keep(drawn):
        kept[f"https://e.cn/media/{len(kept)}"] = drawn
        return list(kept)[-1]

    made = LiveCodes(
        records, changes, accounts, Channels(accounts, {"mini": lambda *_: mini}), clock, keep
    )
    made.kept = kept
    return made


def test_a_mini_programs_code_is_drawn_with_a_short_key_and_kept_here(ways, mini):
    assert isinstance(mini, MakesCodes)
    way = ways.create("mini", "门店海报", by="li", material="mat_1", campaign="cmp_1")
    assert way.kind == "code"
    assert len(way.state) <= 32
    assert ways.kept[way.picture].startswith(b"\xff\xd8")
    found = ways.of_state(way.account, way.state)
    assert (found.material, found.campaign) == ("mat_1", "cmp_1")


@pytest.mark.parametrize("scene", ["太长" * 20, "x" * 33, "有中文", "a%b"])
def test_a_scene_that_the_platform_does_not_take_is_refused_by_its_reason(mini, scene):
    with pytest.raises(Refused) as no:
        mini.make_code(scene, [], remark="", confirm=False)
    assert no.value.reason == "scene_not_taken"


def test_a_token_that_died_is_replaced_before_the_code_is_drawn(mini, sandbox):
    mini.make_code("lc1", [], remark="", confirm=False)
    sandbox.knobs(token_dies=True)
    assert mini.make_code("lc1", [], remark="", confirm=False).drawn


def test_a_link_lives_thirty_days_and_is_made_anew_two_days_before(ways, mini, clock):
    assert isinstance(mini, MakesLinks)
    way = ways.create("mini", "短信里", by="li", kind=LINK)
    assert "/u/" in way.address
    assert ways.finish() == 0
    clock.move(timedelta(days=28))
    assert ways.finish() == 1
    assert ways.one(way.id).address != way.address
    assert ways.finish() == 0


def test_what_a_channel_cannot_make_is_refused_by_name(ways):
    ways._accounts.add(code="oa", name="公众号", kind="none", ecosystem="wechat", by="t")
    ways._channels._factories["none"] = lambda *_: object()
    with pytest.raises(Conflict) as no:
        ways.create("oa", "链接", by="li", kind=LINK)
    assert no.value.reason == "channel_makes_no_links"
    with pytest.raises(Invalid) as odd:
        ways.create("mini", "什么", by="li", kind="tunnel")
    assert odd.value.field == "kind"


def test_reps_are_not_taken_where_nobody_is_led_to_them(ways):
    with pytest.raises(Invalid) as no:
        ways.create("mini", "门店", by="li", reps=["stf_1"])
    assert no.value.field == "reps"


@pytest.mark.usefixtures("sandbox")
def test_a_tracked_link_has_one_code_of_the_mini_program_with_a_short_key(ways, records):
    made = ways.share("mini", "a" * 92, "养老指南", material="mat_1", by="t")
    again = ways.share("mini", "a" * 92, "养老指南", material="mat_1", by="t")
    other = ways.share("mini", "b" * 92, "养老指南", material="mat_1", by="t")

    assert again.id == made.id != other.id
    assert len(made.state) <= 32
    assert made.picture.startswith("https://e.cn/media/")
    assert ways.of_state(made.account, made.state).stands_for == "a" * 92
    assert ways.page().items == []  # they stand with their links


def test_an_account_that_is_no_mini_program_draws_no_links(ways, mini):
    mini.codes_lead_to = "account"
    with pytest.raises(Conflict) as no:
        ways.share("mini", "a" * 92, "养老指南", material="mat_1", by="t")
    assert no.value.reason == "channel_draws_no_links"
