"""The showcase is a fold: whatever happened to it, it can be written anew."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from content_hub.invariants import shelf_flaws
from content_hub.rebuilding import rebuild_shelf
from content_hub.showcase import ShelfDocument, ShelfRow

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
