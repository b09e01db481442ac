"""Products: what is taken off sale takes its materials off every shelf, worked out at read."""

from datetime import timedelta

import pytest

from content_hub.products import Products
from kernel.errors import Conflict, Invalid

HOUR = timedelta(hours=1)


@pytest.fixture
def products(records, changes, clock):
    return Products(records, changes, clock)


@pytest.fixture
def placed(products, materials, shelf, pension, clock):
    """A poster of a product, on the shelf for two hours."""
    products.add("yl", "颐养年金", price="每年 5000 元", risk_level="R1", by="li")
    made = materials.create(
        "poster", "颐养", tags=[pension.id], fields={"product_code": "yl"}, by="li"
    )
    shelf.place(made.id, "acc", opens=clock(), closes=clock() + 2 * HOUR, by="li")
    return made


def seen(shelf):
    page = shelf.page("acc", count=True)
    return len(page.items), page.total, len(shelf.standing("acc")), shelf.tally("acc").standing


def test_taken_off_sale_its_materials_stand_nowhere_and_come_back_with_it(
    products, placed, shelf, clock
):
    fresh = shelf.freshness()
    assert seen(shelf) == (1, 1, 1, 1)

    done = products.take_off_sale("yl", by="li")

    (placement,) = shelf.of_material(placed.id)
    assert done.materials == 1
    assert seen(shelf) == (0, 0, 0, 0)
    assert shelf.standing_ids("acc", [placed.id]) == set()
    assert not shelf.stands(placement.id)
    assert shelf.held_by(placed.id) == ["product:yl"]
    assert shelf.freshness() != fresh
    products.put_on_sale("yl", by="li")
    assert seen(shelf) == (1, 1, 1, 1)


@pytest.mark.parametrize(("at", "there"), [(-1, 0), (0, 1), (59, 1), (60, 0)])
def test_a_sale_that_begins_and_ends_by_the_clock_needs_nobody_to_flip_it(
    products, placed, shelf, clock, at, there
):
    products.edit("yl", sold_from=clock(), sold_until=clock() + HOUR, by="li")
    clock.move(timedelta(minutes=at))

    assert seen(shelf)[0] == (there if at >= 0 else 0)
    assert products.one("yl").on_sale(clock()) == bool(there)


def test_the_end_of_a_sale_is_a_boundary_of_the_shelf(products, placed, shelf, clock):
    products.edit("yl", sold_until=clock() + HOUR, by="li")
    before = shelf.freshness()

    assert shelf.next_boundary() == clock() + HOUR
    clock.move(HOUR)
    assert shelf.freshness() != before


def test_what_names_a_product_off_sale_is_not_placed(products, placed, materials, shelf, clock):
    products.take_off_sale("yl", by="li")

    with pytest.raises(Invalid) as refusal:
        shelf.place(placed.id, "other", opens=clock(), closes=clock() + HOUR, by="li")

    assert refusal.value.reason == "depends_on_what_is_over"


def test_a_material_that_names_the_product_no_more_stands_again(products, placed, materials, shelf):
    products.take_off_sale("yl", by="li")
    materials.edit(placed.id, fields={"product_code": None}, by="li")

    assert seen(shelf) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": "", "price": "1"}, "name"),
        ({"name": "年金"}, "price"),
        ({"name": "年金", "price": "1", "risk_level": "R6"}, "risk_level"),
        ({"name": "年金", "benefit": "x" * 301}, "benefit"),
    ],
)
def test_a_product_lacks_nothing(products, told, field):
    with pytest.raises(Invalid) as refusal:
        products.add("p", by="li", **told)
    assert field in {flaw.field for flaw in refusal.value.flaws}


@pytest.mark.rule("R123.1", "R153.1")
def test_a_trial_leads_to_the_full_product_and_a_peripheral_has_a_margin(products):
    for code in ("course", "trial", "paste"):
        products.add(code, code, price="18", by="li")

    products.relate("trial", "course", "trial", by="li")
    products.relate("paste", "course", "peripheral", margin=0.4, by="li")

    related = products.relations(["course", "trial"])
    assert [(each.product, each.kind) for each in related["course"]] == [
        ("paste", "peripheral"), ("trial", "trial"),
    ]  # fmt: skip
    assert [each.of for each in related["trial"]] == ["course"]
    assert related["course"][0].margin == 0.4
    with pytest.raises(Conflict):
        products.relate("course", "trial", "trial", by="li")
    with pytest.raises(Invalid):
        products.relate("trial", "trial", "trial", by="li")
