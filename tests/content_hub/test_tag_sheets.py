"""A company's list of tags comes in as it is, and goes as a whole."""

import pytest

from content_hub.tag_sheets import BringingTags
from kernel.errors import Invalid


@pytest.fixture
def bringing(taxonomy):
    return BringingTags(taxonomy)


def rows(*told):
    names = ("code", "zh", "parent", "synonyms", "facet")
    return [
        (number, {name: value for name, value in zip(names, row, strict=False) if value})
        for number, row in enumerate(told, 2)
    ]


def test_a_list_makes_a_tree_whatever_its_order_and_twice_is_once(bringing, taxonomy):
    told = rows(
        ("", "旅居", "养老"), ("pension", "养老", "", "退休；养老金"), ("", "温情", "", "", "调性")
    )
    first = bringing.bring(told, by="li")
    assert (first.made, first.edited, first.refused) == (3, 0, 0)
    assert taxonomy.find("旅居")[0].parent == taxonomy.one("pension").id
    assert taxonomy.one("pension").synonyms == ["退休", "养老金"]
    assert taxonomy.find("温情")[0].facet == "tone"
    again = bringing.bring(told, by="li")
    assert (again.made, again.edited, again.refused) == (0, 3, 0)
    assert len(taxonomy.now().by_id) == 3


def test_a_circle_is_told_by_line_and_nothing_of_it_comes_in(bringing, taxonomy):
    told = rows(("a", "甲", "b"), ("b", "乙", "c"), ("c", "丙", "a"), ("d", "丁"), ("e", "戊", "e"))
    done = bringing.bring(told, by="li")
    assert [(line, flaw.reason) for line, flaw in done.flaws] == [
        (2, "tag_under_itself"), (3, "tag_under_itself"), (4, "tag_under_itself"),
        (6, "tag_under_itself"),
    ]  # fmt: skip
    assert [tag.code for tag in taxonomy.now().by_id.values()] == ["d"]


def test_a_circle_with_what_is_there_is_told_as_well(bringing, taxonomy):
    bringing.bring(rows(("a", "甲"), ("b", "乙", "a")), by="li")
    done = bringing.bring(rows(("a", "甲", "b")), by="li")
    assert [(line, flaw.field, flaw.reason) for line, flaw in done.flaws] == [
        (2, "parent", "tag_under_itself")
    ]
    assert taxonomy.one("a").parent is None


def test_bad_lines_are_told_by_field_and_the_others_come_in(bringing, taxonomy):
    told = rows(
        ("x y", "坏代码"),
        ("", "字" * 61),
        ("", "孤儿", "没有的"),
        ("", "好的"),
        ("", "天", "", "", "天气"),
    )
    dry = bringing.bring(told, by="li", dry_run=True)
    done = bringing.bring(told, by="li")
    assert {(line, flaw.field) for line, flaw in done.flaws} == {
        (2, "code"), (3, "zh"), (4, "parent"), (6, "facet"),
    }  # fmt: skip
    assert (done.made, dry.refused) == (1, 4)
    assert bringing.bring([(2, {"zh": "好", "farbe": "rot"})], by="li").flaws[0][1].field == "row"


def test_a_list_is_taken_back_as_a_whole(bringing, taxonomy, materials):
    bringing.bring(rows(("a", "甲")), by="li")
    done = bringing.bring(rows(("a", "甲乙"), ("b", "乙", "a"), ("c", "丙", "b")), by="li")
    taxonomy.acts.undo(done.act, by="li")
    assert [(tag.code, tag.zh) for tag in taxonomy.now().by_id.values()] == [("a", "甲")]


def test_too_long_a_list_is_refused(bringing):
    endless = ((n, {"zh": f"词{n}"}) for n in range(2, 30_000))
    with pytest.raises(Invalid):
        bringing.bring(endless, by="li", dry_run=True)
