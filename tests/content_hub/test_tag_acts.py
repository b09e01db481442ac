"""The vocabulary changes by acts that one button undoes; the shelf is right from the act on."""

from datetime import timedelta

import pytest

from content_hub.invariants import shelf_flaws
from content_hub.tags import acts
from kernel.errors import Conflict, Invalid

DAY = timedelta(days=1)


@pytest.fixture
def words(taxonomy):
    """养老 over 养老社区; 康养 over 康养旅游."""
    for zh, code, parent in (
        ("养老", "pension", None), ("养老社区", "home", "pension"), ("康养", "care", None),
        ("康养旅游", "tour", "care"),
    ):  # fmt: skip
        taxonomy.create(zh, "topic", code=code, parent=parent, by="li")
    return taxonomy


@pytest.fixture
def placed(words, materials, shelf, clock):
    """Materials on a shelf, more of them than an act brings up to date by itself."""

    def place(tag, count):
        made = [
            materials.create("script", f"{tag}{n}", tags=[tag], by="li").id for n in range(count)
        ]
        for each in made:
            shelf.place(each, "acc", opens=clock(), closes=clock() + DAY, by="li")
        return made

    return place


def shown(shelf, tag, **more):
    return {item.id for item in shelf.page("acc", tags_all=[tag], first=100, **more).items}


@pytest.mark.parametrize("count", [3, acts._SLICE + 5])
def test_a_merge_counts_at_once_and_is_undone_as_a_whole(
    records, words, materials, shelf, placed, count
):
    care, tour, home = placed("care", count), placed("tour", 2), placed("home", 2)
    stays = words.merge("care", "pension", by="li")
    (done,) = words.acts.latest(1)

    def merged():
        assert shown(shelf, "pension") == shown(shelf, "care") == {*care, *tour, *home}
        assert shown(shelf, "pension", descendants=False) == {*care}
        assert words.counts()[stays.id] == count
        assert materials.about(care[0]) == (stays.id,)
        assert words.one("tour").parent == stays.id

    def apart():
        assert shown(shelf, "care") == {*care, *tour}
        assert shown(shelf, "pension") == {*home}
        assert shelf.page("acc", tags_none=["pension"], count=True, first=1).total == count + 2
        assert words.one("care").synonyms == words.one("pension").synonyms == []

    merged()
    assert words.now().unsettled is (count > acts._SLICE)
    while words.acts.settle(1):
        merged()
    merged()
    assert list(shelf_flaws(records)) == []
    words.acts.undo(done.id, by="li")
    apart()
    while words.acts.settle():
        apart()
    apart()
    assert list(shelf_flaws(records)) == []
    with pytest.raises(Conflict):
        words.acts.undo(done.id, by="li")


def test_a_subtree_moves_as_a_whole_and_back(words, shelf, placed):
    made = placed("tour", 2)
    words.move("care", "home", by="li")
    assert shown(shelf, "pension") == {*made}
    words.acts.undo(words.acts.latest(1)[0].id, by="li")
    assert shown(shelf, "pension") == set()
    assert words.one("care").parent is None


def test_an_undo_that_would_make_a_circle_or_overwrite_somebody_is_refused(words):
    words.move("care", "pension", by="li")
    (first,) = words.acts.latest(1)
    words.move("care", None, by="li")
    with pytest.raises(Conflict):
        words.acts.undo(first.id, by="li")
    words.rename("home", zh="社区养老", by="li")
    (renamed,) = words.acts.latest(1)
    words.rename("home", synonyms=["康养社区"], by="wang")
    words.acts.undo(renamed.id, by="li")
    assert (words.one("home").zh, words.one("home").synonyms) == ("养老社区", ["康养社区"])


def test_a_retired_word_goes_on_nothing_more_and_what_wears_it_is_found(
    words, materials, shelf, placed
):
    (made,) = placed("tour", 1)
    words.retire("care", by="li")
    words.retire("care", by="li")
    with pytest.raises(Invalid) as refusal:
        materials.tag(made, ["tour"], by="li")
    assert refusal.value.reason == "tag_is_retired"
    assert words.find("康养旅游") == []
    assert shown(shelf, "care") == {made}
    words.acts.undo(words.acts.latest(1)[0].id, by="li")
    assert [tag.code for tag in words.find("康养旅游")] == ["tour"]


def test_related_words_say_so_on_both_sides_and_follow_a_merge(words):
    words.relate("home", ["tour"], by="li")
    assert words.now().live(words.one("tour").related) == [words.one("home").id]
    words.merge("tour", "care", by="li")
    assert words.now().live(words.one("home").related) == [words.one("care").id]
    words.relate("home", [], by="li")
    assert words.one("care").related == words.one("home").related == []


def test_a_new_word_is_unmade_unless_somebody_uses_it(words, materials):
    words.create("临时", "topic", code="temp", by="li")
    (made,) = words.acts.latest(1)
    tagged = materials.create("script", "用了", tags=["temp"], by="li").id
    with pytest.raises(Conflict):
        words.acts.undo(made.id, by="li")
    materials.untag(tagged, ["temp"], by="li")
    words.acts.undo(made.id, by="li")
    assert words.find("临时") == []


def test_a_merged_word_is_taken_off_and_put_on_by_the_name_that_stays(words, materials):
    one = materials.create("script", "甲", tags=["care"], by="li").id
    words.merge("care", "pension", by="li")
    materials.tag(one, ["pension"], by="li")
    assert len(materials.about(one)) == 1
    materials.untag(one, ["pension"], by="li")
    assert materials.about(one) == ()
