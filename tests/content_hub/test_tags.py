"""The taxonomy: facets, a tree, synonyms, pinyin; renaming and merging lose nobody."""

import pytest

from content_hub.tags import FACETS
from kernel.errors import Conflict, Invalid, NotFound


@pytest.fixture
def tree(taxonomy):
    """养老 over 养老社区 over 旅居养老."""
    top = taxonomy.create("养老", "topic", code="pension", en="Pension", by="li")
    home = taxonomy.create(
        "养老社区", "topic", code="home", parent="pension", synonyms=["康养社区"], by="li"
    )
    stay = taxonomy.create("旅居养老", "topic", code="stay", parent="home", by="li")
    return top, home, stay


def test_a_tag_counts_for_what_lies_under_it(taxonomy, tree):
    top, home, stay = (tag.id for tag in tree)

    assert taxonomy.under([top]) == {top, home, stay}
    assert taxonomy.under([home]) == {home, stay}
    assert taxonomy.above([stay]) == {top, home, stay}
    assert [branch.tag.id for branch in taxonomy.tree("topic")] == [top]
    assert taxonomy.tree("topic")[0].children[0].children[0].tag.id == stay


@pytest.mark.parametrize(
    "asked",
    ["养老社区", "康养社区", "yanglaoshequ", "ylsq", "ylshe"[:3], "HOME", "ｈｏｍｅ", "社区"],
)
def test_a_tag_is_found_by_label_synonym_code_and_pinyin(taxonomy, tree, asked):
    assert "home" in [tag.code for tag in taxonomy.find(asked)]


def test_the_closest_is_found_first(taxonomy, tree):
    assert [tag.code for tag in taxonomy.find("养老")] == ["pension", "home", "stay"]
    assert taxonomy.find("  ") == []


def test_a_renamed_tag_stays_the_same_tag(taxonomy, tree):
    renamed = taxonomy.rename("pension", zh="养老金", en="Retirement", synonyms=["退休"], by="li")

    assert renamed.id == tree[0].id
    assert taxonomy.labels([tree[0].id], "en") == {tree[0].id: "Retirement"}
    assert taxonomy.find("yanglaojin")[0].id == taxonomy.find("退休")[0].id == tree[0].id


def test_whoever_names_a_merged_tag_is_answered_with_the_other(taxonomy, tree, materials):
    other = taxonomy.create("康养", "topic", code="care", synonyms=["疗养"], by="li")
    child = taxonomy.create("康养旅游", "topic", parent="care", by="li")
    tagged = materials.create("script", "康养怎么讲", tags=["care"], by="li")
    both = materials.create("script", "两个都有", tags=["care", "pension"], by="li")

    stays = taxonomy.merge("care", "pension", by="li")

    assert taxonomy.one("care").id == taxonomy.one(other.id).id == stays.id == tree[0].id
    assert materials.topics([tagged.id, both.id]) == {tagged.id: (stays.id,), both.id: (stays.id,)}
    assert {other.id, child.id} <= taxonomy.under([stays.id])
    assert set(stays.synonyms) == {"康养", "疗养"}
    assert taxonomy.find("疗养")[0].id == stays.id


def test_the_shelf_finds_by_the_new_place_of_a_tag(taxonomy, tree, materials, shelf, clock):
    from datetime import timedelta

    other = taxonomy.create("社区", "topic", code="community", by="li")
    one = materials.create("script", "参观", tags=["home"], by="li")
    shelf.place(one.id, "acc_1", opens=clock(), closes=clock() + timedelta(days=1), by="li")

    taxonomy.move("home", other.id, by="li")

    def found(tag):
        return [item.id for item in shelf.page("acc_1", tags_all=[tag]).items]

    assert found("community") == found("home") == [one.id]
    assert found("pension") == []
    taxonomy.merge("community", "pension", by="li")
    assert found("pension") == [one.id]


@pytest.mark.parametrize(
    ("made", "field"),
    [
        ({"zh": "", "facet": "topic"}, "zh"),
        ({"zh": "字" * 61, "facet": "topic"}, "zh"),
        ({"zh": "新", "facet": "weather"}, "facet"),
        ({"zh": "新", "facet": "topic", "code": "a b"}, "code"),
        ({"zh": "新", "facet": "topic", "parent": "nobody"}, "parent"),
        ({"zh": "新", "facet": "tone", "parent": "pension"}, "parent"),
    ],
)
def test_a_tag_that_cannot_be_is_refused_by_field(taxonomy, tree, made, field):
    with pytest.raises(Invalid) as refusal:
        taxonomy.create(**made, by="li")

    assert refusal.value.field == field


def test_no_circles_and_no_doubles(taxonomy, tree):
    with pytest.raises(Invalid):
        taxonomy.move("pension", "stay", by="li")
    with pytest.raises(Invalid):
        taxonomy.merge("pension", "stay", by="li")
    with pytest.raises(Invalid):
        taxonomy.merge("pension", "pension", by="li")
    with pytest.raises(Conflict):
        taxonomy.create(" 养老 ", "topic", by="li")
    with pytest.raises(NotFound):
        taxonomy.one("nobody")


@pytest.mark.parametrize(
    ("facet", "count"), [("stage", 4), ("resistance", 4), ("trust_device", 10)]
)
def test_what_rules_name_by_number_ships(taxonomy, facet, count):
    assert taxonomy.ship(by="juzhen") > count
    assert taxonomy.ship(by="juzhen") == 0

    assert len(taxonomy.tree(facet)) == count
    assert {each.code for each in taxonomy.facets()} == set(FACETS)


def test_a_tag_that_was_rolled_back_stays_in_nobodys_memory(records, taxonomy, tree):
    def changes_her_mind():
        with records.write("tags"):
            taxonomy.create("作废", "topic", by="li")
            assert taxonomy.find("作废")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        changes_her_mind()

    taxonomy.create("有效", "topic", by="li")
    assert taxonomy.find("作废") == []
    assert taxonomy.find("有效")
