"""A page of the shelf is read from the index alone, as long as what it tells of is known."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from content_hub.rebuilding import rebuild_shelf
from content_hub.showcase import ShelfRow

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def said(records):
    """Every statement that a look asks from now on."""
    if records.looks is None:
        pytest.skip("looks are for files: the records are on PostgreSQL here")
    told = []
    records.looks.heard = told.append
    return told


@pytest.fixture
def six(shelf, materials, pension):
    made = [materials.create("script", f"话术 {n}", tags=[pension.id], by="li") for n in range(6)]
    for number, each in enumerate(made):
        opens = MONDAY - number * HOUR
        shelf.place(each.id, "acc_app", opens=opens, closes=MONDAY + DAY, by="li")
    return made


def asked(shelf, **more):
    return shelf.page("acc_app", count=True, as_of=shelf.freshness(), **more)


def test_a_page_that_is_known_reads_no_document(shelf, six, said):
    first = asked(shelf)
    said.clear()
    again = asked(shelf)
    assert again.items == first.items
    assert not [each for each in said if "shelf_documents" in each]


def test_what_is_not_known_of_a_page_is_read_at_once(shelf, six, said):
    asked(shelf, first=3)
    asked(shelf, first=6)
    said.clear()
    assert [each.title for each in asked(shelf).items] == [each.title for each in six]
    assert len(said) <= 2


def test_a_cursor_goes_on_where_the_known_page_ended(shelf, six, said):
    for _ in range(2):
        page = asked(shelf, first=4)
        rest = asked(shelf, first=4, after=page.next)
        assert [each.id for each in [*page.items, *rest.items]] == [each.id for each in six]
        assert rest.next is None


def test_an_edit_a_new_tag_and_a_move_are_seen_by_the_next_question(
    shelf, six, materials, taxonomy, pension, said
):
    asked(shelf)
    asked(shelf)
    materials.edit(six[0].id, title="改过", by="li")
    assert asked(shelf).items[0].title == "改过"

    other = taxonomy.create("体检", "topic", by="li")
    materials.tag([six[1].id], add=[other.id], remove=[pension.id], by="li")
    assert [tag.zh for tag in asked(shelf).items[1].tags] == ["体检"]
    assert six[1].id not in [each.id for each in asked(shelf, tags_all=[pension.id]).items]

    (placement,) = [each for each in shelf.standing("acc_app") if each.material == six[5].id]
    shelf.move(placement.id, opens=MONDAY - HOUR / 2, closes=MONDAY + HOUR, by="li")
    moved = asked(shelf).items[1]
    assert (moved.id, moved.opens) == (six[5].id, MONDAY - HOUR / 2)


def test_a_commit_in_the_middle_of_a_question_is_told_whole_or_not_at_all(
    shelf, six, materials, taxonomy, records, pension, said
):
    """Before the index is read somebody tags what was known without: the page is read anew."""
    other = taxonomy.create("体检", "topic", by="li")
    materials.tag([six[0].id], add=[other.id], remove=[pension.id], by="li")
    for _ in range(2):
        asked(shelf)
        asked(shelf, tags_all=[pension.id])
    fresh = shelf.freshness()

    def meddle(_):
        records.looks.heard = None
        materials.tag([six[0].id], add=[pension.id], by="li")

    records.looks.heard = meddle
    page = shelf.page("acc_app", tags_all=[pension.id], as_of=fresh)
    assert records.looks.heard is None
    assert page.items[0].id == six[0].id
    assert pension.id in {tag.id for tag in page.items[0].tags}


def test_a_total_stands_after_an_edit_that_moves_no_row(shelf, six, materials, pension, said):
    assert asked(shelf, tags_all=[pension.id]).total == 6
    materials.edit(six[0].id, title="改过", by="li")
    said.clear()
    page = asked(shelf, tags_all=[pension.id])
    assert (page.items[0].title, page.total) == ("改过", 6)
    assert not [each for each in said if "count(*)" in each]


def test_a_total_is_right_after_everything_that_moves_a_row(
    shelf, six, materials, taxonomy, pension, records, changes, said
):
    def total():
        return asked(shelf, tags_all=[pension.id]).total

    assert total() == 6
    other = taxonomy.create("体检", "topic", by="li")
    materials.tag([six[1].id], add=[other.id], remove=[pension.id], by="li")
    assert total() == 5
    shelf.retire(six[0].id, by="li")
    assert total() == 4
    (placement,) = [each for each in shelf.standing("acc_app") if each.material == six[5].id]
    shelf.move(placement.id, opens=MONDAY + HOUR, closes=MONDAY + DAY, by="li")
    assert total() == 3
    shelf.place(six[0].id, "acc_app", opens=MONDAY, closes=MONDAY + DAY, by="li")
    assert total() == 4
    with records.write() as session:
        session.execute(delete(ShelfRow))
    rebuild_shelf(records, changes)
    assert total() == 4
    taxonomy.merge(pension.id, other.id, by="li")
    assert asked(shelf, tags_all=[other.id]).total == 5
