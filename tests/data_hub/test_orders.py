"""Orders and leads that the shop tells of are in profiles and lifecycles at once, each once."""

import base64
import json

import pytest

from channels.base import Callback
from channels.webhook import Webhook
from kernel.events import Handle
from kernel.secret import Secret
from kernel.webhooks import signature

SECRET = "whsec_" + base64.b64encode(b"a key of the shop's own").decode()
ORDER = {"order_id": "A-1", "amount": "300", "product": "稳盈", "user_id": "u1"}


def told(clock, id_, type_="order.paid", data=ORDER):
    """The shop's own call: signed, and sent as often as it likes."""
    body = json.dumps({"type": type_, "data": data}).encode()
    stamp = str(int(clock().timestamp()))
    signed = signature(SECRET, id_, stamp, body)
    headers = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signed}
    return Callback(body=body, headers=headers)


@pytest.mark.rule("R60.1", "R60.2")
def test_an_order_is_in_her_profile_and_her_lifecycle_as_soon_as_it_is_told(any_hub, clock):
    shop = Webhook(clock, account="acc_shop", secret=Secret(SECRET))
    for id_ in ("msg_1", "msg_2"):  # told twice, bought once
        any_hub.tell(*shop.receive(told(clock, id_)).events)
    her = any_hub.id_of(Handle("user", "acc_shop", "u1"))
    profile = any_hub.profiles.of(her)
    assert [amount for _, amount, *_ in profile.purchases] == [300.0]
    assert any_hub.standings.rows([her])[her].stage == "active"


@pytest.mark.rule("R67.3")
def test_two_leads_with_one_handle_are_one_customer(any_hub, clock):
    shop = Webhook(clock, account="acc_shop", secret=Secret(SECRET))
    leads = (
        {"lead_id": "L-1", "openid": "o1"}, {"lead_id": "L-2", "openid": "o1"},
        {"lead_id": "L-3", "openid": "o2"},
    )  # fmt: skip
    for number, data in enumerate(leads):
        call = told(clock, f"msg_{number}", "lead.created", data)
        any_hub.tell(*shop.receive(call).events)
    one, same, other = (
        any_hub.id_of(Handle("lead", "acc_shop", f"L-{number}")) for number in (1, 2, 3)
    )
    assert one == same == any_hub.id_of(Handle("openid", "acc_shop", "o1"))
    assert other != one
