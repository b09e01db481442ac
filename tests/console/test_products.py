"""Products in the console: made, sold no more and again, related, without JavaScript."""

import pytest

from tests.data_hub.telling import event, user

FORM = {"code": "yl_01", "name": "颐养年金", "category": "年金", "price": "5,000 元起"}
PAGES = ("products", "products/yl_01", "products/yl_01?lang=en")


@pytest.fixture
def annuity(rooms):
    return rooms.products.add(
        "yl_01", "颐养年金", category="年金", risk_level="R1", price="5,000 元起",
        benefit="60 岁起每月领取，保证领取 20 年", by="li",
    )  # fmt: skip


@pytest.fixture
def poster(rooms, annuity):
    made = rooms.materials.create(
        "poster", "退休以后，每月多一份收入", tags=["pension"], fields={"product_code": "yl_01"},
        by="li",
    )  # fmt: skip
    rooms.shelf.place(
        made.id, rooms.app.id, opens=rooms.clock(),
        closes=rooms.clock().replace(year=rooms.clock().year + 1), by="li",
    )  # fmt: skip
    return made


def test_a_product_is_made_and_what_is_wrong_stands_beside_its_field(rooms, desk):
    refused = desk.post("/console/products", code="yl 01", name="", price="5")
    assert refused.status_code == 422
    assert 'id="wrong-code"' in refused.text
    assert "颐养年金" in desk.post("/console/products", **FORM).text
    assert rooms.products.one("yl_01").category == "年金"
    assert "年金" in desk.get("/console/products?category=年金").text


def test_taken_off_sale_its_materials_stand_nowhere_and_sold_again_they_stand(rooms, desk, poster):
    done = desk.post("/console/products/yl_01", act="off")
    assert "1 份素材随之下架" in done.text
    assert rooms.shelf.page(rooms.app.id).items == []
    desk.post("/console/products/yl_01", act="on")
    assert [item.id for item in rooms.shelf.page(rooms.app.id).items] == [poster.id]
    assert poster.title in desk.get("/console/products/yl_01").text


def test_products_are_edited_and_related(rooms, desk, annuity):
    rooms.products.add("trial", "七天体验", price="1 元", by="li")
    told = FORM | {"sold_until": "2027-01-01T00:00", "risk_level": "R2"}
    desk.post("/console/products/yl_01", act="save", **told)
    assert rooms.products.one("yl_01").risk_level == "R2"
    desk.post("/console/products/trial", act="relate", relation="trial", of="yl_01", margin="12%")
    (relation,) = rooms.products.relations(["trial"])["trial"]
    assert (relation.of, relation.margin) == ("yl_01", 0.12)
    for wrong in ({"of": "nothing"}, {"of": "trial"}, {"of": "yl_01", "margin": "x"}):
        form = {"relation": "trial"} | wrong
        assert desk.post("/console/products/trial", act="relate", **form).status_code == 422


def bought(rooms, who, **products):
    """What somebody bought, so many days ago."""
    return [
        event("bought", user(who, "acc_shop"), minutes=-1_440 * days, account=rooms.app.id,
              detail={"amount": 9, "product": product})
        for product, days in products.items()
    ]  # fmt: skip


@pytest.mark.rule("R123.3")
def test_a_trial_tells_how_many_went_on_to_the_full_product(knowing_rooms, desk, annuity):
    rooms = knowing_rooms
    rooms.products.add("trial", "七天体验", price="1 元", by="li")
    rooms.products.relate("trial", "yl_01", "trial", by="li")
    assert "还没有人体验过" in desk.get("/console/products/trial").text
    rooms.tell(*bought(rooms, "u1", trial=9, yl_01=5))
    rooms.tell(*bought(rooms, "u2", trial=9), *bought(rooms, "u3", yl_01=9, trial=3))
    told = "2 人体验过，1 人随后买了正式产品（50%） · 中位 4 天"
    for product in ("trial", "yl_01"):
        assert told in desk.get(f"/console/products/{product}").text


def test_who_may_not_manage_products_reads_them(desk_of, annuity):
    rep = desk_of("rep")
    assert "颐养年金" in rep.get("/console/products/yl_01").text
    assert "立即停售" not in rep.get("/console/products/yl_01").text
    assert rep.post("/console/products/yl_01", act="off").status_code == 403


@pytest.mark.browser
def test_the_product_pages_are_for_everybody(for_everybody, poster):
    for path in PAGES:
        for_everybody(path)
