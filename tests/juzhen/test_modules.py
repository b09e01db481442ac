"""Mass sends, friends who are added unasked, fission: all of it off until a company wants it."""

import base64
from dataclasses import replace

import pytest

from juzhen.settings import MODULES, BadSetting, Settings, begin, load
from juzhen.wiring import assemble
from kernel.errors import Conflict
from kernel.events import Handle
from tests.blank import migrate

AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


@pytest.fixture
def company(tmp_path):
    """Opens one that was begun as every company is, with some modules named."""
    home, opened = tmp_path / "home", []
    begin(home, stores_durability="process")
    migrate(load({"JUZHEN_HOME": str(home)}))

    def of(modules="", **more):
        told = replace(load({"JUZHEN_HOME": str(home)}), company_modules=modules, **more)
        opened.append(assemble(told))
        return opened[-1]

    yield of
    for each in opened:
        each.close()


@pytest.mark.rule("R149.1")
def test_nobody_sends_to_many_until_the_company_has_that_module(company):
    off = company()
    app = off.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    told = {"everybody": "年会通知", "words": "您好", "by": "t"}
    with pytest.raises(Conflict) as refused:
        off.broadcasts.create("群发", app.code, **told)
    assert refused.value.reason == "module_is_off"
    assert company("mass_send").broadcasts.create("群发", app.code, **told).name == "群发"


@pytest.mark.rule("R149.1")
@pytest.mark.parametrize(("modules", "confirms"), [("", True), ("auto_add", False)])
def test_a_rep_confirms_who_comes_by_a_code_unless_the_module_is_on(company, modules, confirms):
    house = company(modules)
    account = house.accounts.add(
        code="wecom", name="企业微信", kind="wecom", ecosystem="wechat", by="t",
        settings={"corp_id": "ww1", "agent_id": 1, "base_url": "http://127.0.0.1:9"},
        secrets={"app_secret": "s", "token": "t", "aes_key": AES_KEY},
    )  # fmt: skip
    rep = house.staff.add("rep", "李静", by="t")
    made = house.live_codes.create(account.code, "门店", reps=[rep.id], by="t")
    assert made.confirm is confirms


@pytest.mark.rule("R149.1")
def test_nothing_is_promised_for_bringing_friends_until_the_company_says_what(company):
    assert Settings().company_referral == ""
    house = company()
    code = house.referrals.issue([Handle("phone", "", "13800138000")], by="t")
    assert code.code
    assert house.referrals._reward == ""


def test_no_module_is_on_by_default_and_none_is_unknown(tmp_path):
    assert [each for each in MODULES if Settings().has(each)] == []
    assert Settings(company_modules="auto_add, mass_send").has("mass_send")
    with pytest.raises(BadSetting, match="modules"):
        load({"JUZHEN_COMPANY_MODULES": "auto_tag"}, home=tmp_path)
