"""The showcase is a fold: whatever happened to it, it can be written anew."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from content_hub.duplicates import Fingerprint
from content_hub.invariants import shelf_flaws, term_flaws, version_flaws
from content_hub.materials.versions import MaterialVersion
from content_hub.products import Products
from content_hub.rebuilding import rebuild_shelf, settle
from content_hub.showcase import ShelfDocument, ShelfRow
from content_hub.terms import Bond

HOUR = timedelta(hours=1)


@pytest.fixture
def stocked(materials, taxonomy, pension, shelf, clock):
    """Sixty materials in two tags, placed, one retired, one moved."""
    home = taxonomy.create("养老社区", "topic", parent="pension", code="home", by="li")
    placed = [
        shelf.place(
            materials.create("script", f"话术{n}", tags=[(pension, home)[n % 2].id], by="li").id,
            "acc_1", opens=clock() - n * HOUR, closes=clock() + HOUR, by="li",
        )
        for n in range(60)
    ]  # fmt: skip
    shelf.retire(placed[0].id, by="li")
    shelf.move(placed[1].id, closes=clock() + 9 * HOUR, by="li")
    return placed


@pytest.mark.parametrize(
    "damage",
    [
        delete(ShelfRow),
        delete(ShelfDocument),
        delete(ShelfRow).where(ShelfRow.tag != ""),
        update(ShelfRow).values(closes=0),
        text("INSERT INTO shelf_rows SELECT 'plc_x', tag, direct, account, 'mat_x', opens, closes,"
             " unit, slot, type FROM shelf_rows LIMIT 1"),
    ],
    ids=["no rows", "no documents", "no tags", "other windows", "a stranger"],
)  # fmt: skip
def test_whatever_happened_to_it_the_showcase_is_written_anew(
    records, changes, stocked, shelf, damage
):
    assert list(shelf_flaws(records)) == []
    before = [shelf.page("acc_1", tags_all=[tag], first=100).items for tag in ("pension", "home")]
    with records.write() as session:
        session.execute(damage)
    assert list(shelf_flaws(records)) != []

    assert rebuild_shelf(records, changes) == 60

    assert list(shelf_flaws(records)) == []
    after = [shelf.page("acc_1", tags_all=[tag], first=100).items for tag in ("pension", "home")]
    assert after == before


def test_materials_older_than_their_versions_are_settled_once(
    records, changes, materials, shelf, pension, clock
):
    """As a company that was begun before: what its materials depend on counts from then on."""
    products = Products(records, changes, clock)
    products.add("p1", "稳盈三年", price="1", risk_level="R1", by="li")
    about = materials.create(
        "product_note", "稳盈三年", fields={"product_code": "p1"}, tags=["pension"], by="li"
    )
    edited = materials.create("script", "一", tags=["pension"], by="li")
    materials.edit(edited.id, title="二", by="li")
    for each in (about, edited):
        shelf.place(each.id, "acc_1", opens=clock(), closes=clock() + HOUR, by="li")
    with records.write() as session:
        kept = {f"{each.material}:{each.kind}:{each.band}:{each.value}"
                for each in session.query(Fingerprint)}  # fmt: skip
        for table in (MaterialVersion, Bond, Fingerprint):
            session.execute(delete(table))
    assert [*version_flaws(records), *term_flaws(records)] != []

    assert [settle(records, changes), settle(records, changes)] == [2, 0]

    assert [*version_flaws(records), *term_flaws(records), *shelf_flaws(records)] == []
    with records.read() as session:
        assert kept == {f"{each.material}:{each.kind}:{each.band}:{each.value}"
                        for each in session.query(Fingerprint)}  # fmt: skip
    materials.edit(edited.id, title="三", by="wang")
    assert [*version_flaws(records)] == []
    products.take_off_sale("p1", by="li")
    assert [each.title for each in shelf.page("acc_1", first=9).items] == ["三"]
