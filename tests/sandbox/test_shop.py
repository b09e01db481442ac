"""A shop's page on which a person orders; the company is pushed every change and hears it once."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.base import Callback, Refused
from channels.commerce import DIALECTS, Commerce
from kernel.secret import Secret

OK = {"meituan": b'{"data":"ok"}', "ark": b'{"success":true}'}


@pytest.fixture(params=["meituan", "ark"])
def dialect(request, platform, company):
    platform.control("accounts", {
        "kind": "shop", "code": "shop", "name": "禾嘉到店", "dialect": request.param,
        "sign_key": "k3y",
    })  # fmt: skip
    company.answers["/callbacks/shop"] = OK[request.param]
    return request.param


def heard(company, clock, dialect, secret="k3y"):
    """What the company's own adapter makes of the pushes that came."""
    channel = Commerce(clock, account="acc_shop", dialect=DIALECTS[dialect], secret=Secret(secret))
    return [
        event
        for path, body in company.came
        for event in channel.receive(
            Callback(query=dict(parse_qsl(urlsplit(path).query)), body=body)
        ).events
    ]


def push(platform, company):
    """Every push that is due; ark's go to an address with a query."""
    platform.world.till.settle()


def test_a_person_orders_pays_and_gives_back_on_the_page(platform, company, clock, dialect):
    page = platform.page("/shop/shop").text
    assert "孙阿姨" in page
    assert "13900000001" not in page  # as platforms show it
    page = platform.page("/shop/shop/orders", buyer="b_sun", product="家庭体检套餐").text
    assert "待付款" in page
    page = platform.page("/shop/shop/orders/1", state="paid").text
    assert "核销使用" in page
    assert "已退款" in platform.page("/shop/shop/orders/1", state="refunded").text
    push(platform, company)
    told = heard(company, clock, dialect)
    assert [event.kind for event in told] == ["ordered", "bought", "refunded"]
    assert {event.handle.value for event in told} == {"b_sun"}
    assert {link.value[-11:] for event in told for link in event.links} == {"13900000001"}
    assert {event.detail["amount"] for event in told} == {399.0}
    assert {event.detail["product"] for event in told} == {"家庭体检套餐"}
    assert len({event.detail["order_id"] for event in told}) == 1


def test_what_cannot_become_of_an_order_is_refused(platform, dialect):
    platform.page("/shop/shop/orders", buyer="b_sun", product="家庭体检套餐")
    assert platform.page("/shop/shop/orders/1", state="used").status_code == 409
    assert platform.page("/shop/shop/orders/2", state="paid").status_code == 409
    assert platform.page("/shop/shop/orders", buyer="b_none", product="茶").status_code == 409
    assert platform.page("/shop/nowhere").status_code == 404


def test_a_push_that_was_not_answered_with_ok_comes_again_and_is_one_event(
    platform, company, clock, dialect
):
    platform.control("knobs", {"retry_seconds": 0})
    company.answers["/callbacks/shop"] = b"<html>"
    platform.page("/shop/shop/orders", buyer="b_zhou", product="家庭体检套餐")
    for _ in range(5):
        push(platform, company)
    assert len(company.came) == 3
    assert len({event.id for event in heard(company, clock, dialect)}) == 1
    pushed = platform.see("shop/shop")["pushes"]
    assert [(each["tries"], each["heard"]) for each in pushed] == [(3, 0)]


@pytest.mark.parametrize(("manner", "times"), [("never", 0), ("twice", 2), ("once", 1)])
def test_pushes_are_lost_and_doubled_as_one_likes(platform, company, dialect, manner, times):
    platform.control("knobs", {"callbacks": manner})
    platform.page("/shop/shop/orders", buyer="b_zhou", product="家庭体检套餐")
    push(platform, company)
    assert len(company.came) == times


def test_the_signature_is_one_that_only_the_two_know(platform, company, clock, dialect):
    platform.page("/shop/shop/orders", buyer="b_zhou", product="家庭体检套餐")
    push(platform, company)
    with pytest.raises(Refused):
        heard(company, clock, dialect, secret="another")


@pytest.mark.parametrize("wrong", [{"dialect": "taobao"}, {"sign_key": ""}, {"code": 5}])
def test_a_shop_that_cannot_be_played_names_the_field(platform, wrong):
    told = {"kind": "shop", "code": "s", "dialect": "ark", "sign_key": "k"} | wrong
    assert next(iter(wrong)) in json.dumps(platform.control("accounts", told))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_its_pages_speak_both_languages_and_have_no_gap(platform, dialect, language):
    platform.page("/shop/shop/orders", buyer="b_zhou", product="家庭体检套餐")
    for path in ("/", "/shop/shop"):
        page = platform.page(f"{path}?lang={language}").text
        assert "禾嘉到店" in page
        assert "shop_" not in page
        assert "sandbox_" not in page
