"""Where a delivery meets the customer: one place each, whatever is sent to whom and where."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.capabilities import Draft
from channels.touchpoints import WECHAT, Touchpoint, touchpoint_of
from channels.video.creator import DouyinCreator
from channels.video.douyin import Douyin
from juzhen.wiring import CHANNELS
from kernel.events import Ecosystem, Handle

HANDLES = [
    "", *(str(Handle(kind, "acc", "x")) for kind in ("external_userid", "wecom_group", "openid")),
]  # fmt: skip


@pytest.mark.rule("R55.1")
def test_there_is_a_touchpoint_for_each_of_wechats_five():
    assert {each.value for each in WECHAT} == {
        "private_chat", "group", "moments", "mini_program_shop", "micro_video",
    }  # fmt: skip


@pytest.mark.rule("R55.2")
@given(
    st.sampled_from([*CHANNELS, "somebody_elses"]), st.sampled_from(HANDLES),
    st.sampled_from(["", "image_text", "short_video", "livestream"]),
    st.sampled_from(["", "moments", "nonsense"]),
)  # fmt: skip
def test_each_delivery_has_exactly_one(kind, target, material_type, said):
    assert touchpoint_of(kind, target, material_type, said) in Touchpoint


@pytest.mark.rule("R55.2")
@pytest.mark.parametrize(
    ("kind", "target", "material_type", "said", "where"),
    [
        ("wecom", "", "image_text", "", "moments"),
        ("wecom", str(Handle("external_userid", "a", "wm1")), "image_text", "", "private_chat"),
        ("wecom", str(Handle("wecom_group", "a", "wr1")), "", "", "group"),
        ("wechat_oa", "", "image_text", "", "official_account"),
        ("wechat_oa", str(Handle("openid", "a", "o1")), "", "", "official_account"),
        ("mini_program", "", "product_card", "", "mini_program_shop"),
        ("douyin", "", "short_video", "", "micro_video"),
        ("douyin", "", "livestream", "", "livestream"),
        ("hand_off", "", "image_text", "moments", "moments"),
        ("hand_off", "", "livestream", "", "livestream"),
        ("app", str(Handle("user", "a", "u1")), "", "", "own_app"),
        ("sms", str(Handle("phone", "", "138")), "", "", "short_message"),
        ("commerce", "", "", "", "shop"),
        ("webhook", "", "", "", "web"),
    ],
)
def test_it_is_the_one_that_a_person_would_name(kind, target, material_type, said, where):
    assert touchpoint_of(kind, target, material_type, said) == where


@pytest.mark.rule("R59.1")
def test_a_livestream_is_placed_with_its_product_list_and_the_creator_goes_live(house, clock):
    there = house.account(
        "dy", "douyin", Ecosystem.VIDEO, secrets={"client_secret": "0123456789abcdef"}
    )
    tag = house.taxonomy.create("直播预告", "topic", by="li")
    made = house.materials.create(
        "livestream", "今晚八点聊养老", by="li", tags=[tag.id],
        fields={"products": ["康养年金", "体检卡"], "starts": "20:00"},
    )  # fmt: skip
    house.placed(made, there)
    house.work()
    (ready,) = house.hand_offs.page().items
    assert ready.title == "今晚八点聊养老"
    (delivery,) = house.deliveries.page(account=there.id).items
    assert touchpoint_of("douyin", delivery.target, made.type) == "livestream"
    assert house.materials.one(made.id).fields["products"] == ["康养年金", "体检卡"]
    house.hand_offs.note_posted(ready.id, by="li")
    clock.move(timedelta(hours=1))
    house.publishing.poll()
    assert house.deliveries.one(delivery.id).state == "done"


def test_no_interface_goes_live_for_a_creator():
    draft = Draft(type={"zh": "直播"}, shown_as={"livestream"}, title="直播")
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert Douyin.capabilities.flaws(draft, now) == []
    (flaw,) = DouyinCreator.capabilities.flaws(draft, now)
    assert flaw.message("zh") == "该渠道不支持这种内容类型：直播"
