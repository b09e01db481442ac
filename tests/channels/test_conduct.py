"""What platforms punish in a text: asked when planning, and once more when it goes out."""

from types import SimpleNamespace

import pytest

from channels import conduct
from channels.deliveries import State
from kernel.errors import Invalid


def texts(title="养老社区开放日", summary="", body=""):
    return SimpleNamespace(title=title, summary=summary, body=body)


def account(kind, **conduct_there):
    settings = {"conduct": conduct_there} if conduct_there else {}
    return SimpleNamespace(kind=kind, settings=settings)


def said(flaws):
    return [(flaw.field, flaw.reason) for flaw in flaws]


@pytest.mark.rule("R92.1")
@pytest.mark.parametrize(
    ("kind", "written", "rule"),
    [
        ("wechat_oa", "分享到朋友圈即可领取红包", "forces_sharing"),
        ("wechat_oa", "转发给3个好友 就能 抽奖", "forces_sharing"),
        ("wecom", "集满38个赞送体检", "forces_sharing"),
        ("wechat_oa", "<p>不转<b>不</b>是中国人</p>", "forces_sharing"),
        ("wechat_oa", "关注后领取资料", "forces_following"),
        ("douyin", "关注才能看完整版", "forces_following"),
        ("douyin", "详情见 https://example.com/a", "names_an_address"),
        ("douyin", "登录 example.cn 查看", "names_an_address"),
        ("hand_off", "加微信 zhanglan_88 聊聊", "names_a_contact"),
        ("douyin", "咨询 13800000000", "names_a_contact"),
        ("douyin", "ＶＸ：zhanglan88", "names_a_contact"),
    ],
)
def test_wording_that_a_platform_forbids_blocks(kind, written, rule):
    assert said(conduct.blocks(texts(body=written), account(kind))) == [("body", rule)]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("wechat_oa", "欢迎分享给家人，周六开放日见"),
        ("wechat_oa", "转发请注明出处"),
        ("wechat_oa", "关注血压，从早餐开始看"),
        ("wechat_oa", "点赞是最好的鼓励"),
        ("wecom", "咨询电话 13800000000"),
        ("app", "分享到朋友圈即可领取红包"),
        ("douyin", "保单号1380000000012"),
        ("douyin", "关注父母的健康"),
    ],
)
def test_harmless_wording_and_other_platforms_pass(kind, written):
    there = account(kind)
    assert conduct.blocks(texts(body=written), there) == []
    assert conduct.warnings(texts(body=written), there) == []


@pytest.mark.rule("R92.1")
def test_a_link_to_a_restricted_site_warns_and_text_about_it_does_not():
    there = account("wechat_oa")
    linked = texts(body='<p>看<a href="https://item.taobao.com/1">这里</a></p>')
    assert conduct.blocks(linked, there) == []
    (warning,) = conduct.warnings(linked, there)
    assert (warning.reason, warning.facts["said"]) == ("leads_elsewhere", "item.taobao.com")
    assert conduct.warnings(texts(body="<p>taobao.com 的故事</p>"), there) == []


def test_each_rule_speaks_once_a_field_and_names_the_words():
    flaws = conduct.blocks(texts(title="转发有奖", body="转发有奖，转发有奖"), account("wechat_oa"))
    assert said(flaws) == [("title", "forces_sharing"), ("body", "forces_sharing")]
    assert "转发有奖" in flaws[0].message("zh")
    assert "转发有奖" in flaws[0].message("en")


@pytest.mark.rule("R92.1")
@pytest.mark.parametrize(
    ("decided", "blocked", "warned"), [("warn", 0, 1), ("off", 0, 0), ("nonsense", 1, 0)]
)
def test_a_company_decides_otherwise_for_one_account(decided, blocked, warned):
    there, written = account("wechat_oa", forces_sharing=decided), texts(body="转发有奖")
    assert len(conduct.blocks(written, there)) == blocked
    assert len(conduct.warnings(written, there)) == warned


@pytest.fixture
def official(house):
    house.channels._factories["wechat_oa"] = house.channels._factories["board"]
    return house.account("oa", "wechat_oa")


@pytest.mark.rule("R92.1")
def test_what_a_platform_forbids_is_not_placed(house, official):
    with pytest.raises(Invalid) as refused:
        house.placed(house.material("转发有奖"), official)
    assert [flaw.reason for flaw in refused.value.flaws] == ["forces_sharing"]
    assert house.placed(house.material("转发 有奖"), house.account()).account


def test_what_was_written_after_it_was_placed_does_not_go_out(house, official):
    material = house.material("周六开放日")
    placement = house.placed(material, official)
    house.materials.edit(material.id, title="转发有奖", by="li")
    house.work()
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, delivery.reason) == (State.PARKED, "forces_sharing")
    assert house.board.shown == []
