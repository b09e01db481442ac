"""Where a delivery meets the customer: one place each, whatever is sent to whom and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.touchpoints import WECHAT, Touchpoint, touchpoint_of
from juzhen.wiring import CHANNELS
from kernel.events import Handle

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
