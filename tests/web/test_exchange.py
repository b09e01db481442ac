"""A front end swaps its customer's login against a token; a VIP's sees what opens for VIPs."""

import pytest

from data_hub.vip import Vip
from kernel.actors import VIPS, Role
from kernel.events import Event, Handle
from tests.web.test_headers import app, company

__all__ = ["app", "company"]  # fixtures of the headers' module


@pytest.fixture
def front(company):
    account = company.accounts.add(
        code="front", name="App", kind="app", ecosystem="own_app", by="t"
    ).id
    token = company.access.issue(Role.CHANNEL_APP, "front", by="t", account=account)
    return account, {"Authorization": f"Bearer {token.reveal()}"}


@pytest.mark.rule("R157.2")
def test_whoever_is_a_vip_gets_a_token_that_sees_what_opens_for_vips(app, company, front, clock):
    account, headers = front
    handle = Handle("user", account, "u1")
    followed = Event(id="e1", kind="followed", at=clock(), account=account, handle=handle)
    company.intake.take([followed])
    while company.fold.run():
        pass
    while company.digest.run():
        pass
    her = company.identities.customer_of(handle)
    with company.people.write("vip") as session:
        session.add(Vip(customer=her, handle=str(handle), value=1, rank=1, since=clock()))
    seen = {}
    with app.test_client() as client:
        for user in ("u1", "u2"):
            told = client.post("/auth/exchange", json={"user_id": user}, headers=headers)
            assert told.status_code == 200, told.text
            seen[user] = company.access.of_token(told.json["token"])
        wrong = client.post("/auth/exchange", json={"user": "u1"}, headers=headers)
        assert wrong.status_code == 422
        assert client.post("/auth/exchange", json={"user_id": "u1"}).status_code == 401
    assert {user: VIPS in each.units for user, each in seen.items()} == {"u1": True, "u2": False}
    assert seen["u1"].customer == str(handle)
