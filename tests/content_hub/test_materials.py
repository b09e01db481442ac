"""The library: kept once, cleaned on entry, edited by one at a time."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from kernel.errors import Conflict, Invalid, NotFound


def test_everything_that_is_wrong_is_told_at_once(materials):
    with pytest.raises(Invalid) as refusal:
        materials.create(
            "poster", " ", summary="字" * 501, code="a b", fields={"wings": 2}, by="li"
        )

    assert {flaw.field for flaw in refusal.value.flaws} == {"title", "summary", "code", "fields"}


@pytest.mark.parametrize("title", ["字" * 64_000, "x" * 201, "\ud83d", None, 7])
def test_a_title_that_is_no_title_is_refused_by_name(materials, title):
    with pytest.raises(Invalid) as refusal:
        materials.create("script", title, by="li")

    assert refusal.value.field == "title"


def test_what_could_run_is_cut_out_on_entry(materials):
    made = materials.create(
        "image_text",
        "图文\x00",
        body='<p style="color:red;position:fixed" onclick="x()">好<script>x()</script>'
        '<a href="javascript:x()">a</a><img src="https://e.cn/a.png" onerror="x()"></p>',
        by="li",
    )

    assert made.title == "图文"
    assert made.body == (
        '<p style="color:red">好<a rel="noopener noreferrer">a</a>'
        '<img src="https://e.cn/a.png"></p>'
    )


def test_a_script_is_text_and_stays_as_it_was_said(materials):
    assert materials.create("script", "开场", body="收益 < 成本？{客户称呼}", by="li").body == (
        "收益 < 成本？{客户称呼}"
    )


def test_ids_and_codes_name_the_same_material(materials, material):
    assert materials.one("plan").id == materials.one(material.id).id == material.id
    with pytest.raises(NotFound):
        materials.one("nothing")
    with pytest.raises(Conflict):
        materials.create("script", "又一个", code="plan", by="li")


def test_an_edit_counts_up_and_keeps_what_it_does_not_name(materials, material, clock):
    clock.move(timedelta(hours=1))
    edited = materials.edit("plan", fields={"author": "王"}, expected=1, by="wang")
    again = materials.edit("plan", summary="三步", fields={"price": "免费"}, by="wang")

    assert (edited.number, again.number, again.title) == (2, 3, "退休后的养老规划")
    assert again.fields == {"author": "王", "price": "免费"}
    assert again.edited == clock()
    assert materials.edit("plan", fields={"price": ""}, by="wang").fields == {"author": "王"}


def test_of_two_editors_the_slower_is_told(materials, material):
    materials.edit("plan", title="甲", expected=1, by="jia")

    with pytest.raises(Conflict) as refusal:
        materials.edit("plan", title="乙", expected=1, by="yi")

    assert refusal.value.reason == "edited_meanwhile"
    assert materials.one("plan").title == "甲"


def test_tags_go_on_many_materials_at_once_and_come_off(materials, taxonomy, material):
    warm = taxonomy.create("温暖", "tone", code="warm", by="li")
    other = materials.create("script", "开场", by="li")

    materials.tag([material.id, other.id], ["warm"], by="li")
    materials.tag([material.id, other.id], ["warm"], remove=["pension"], by="li")

    assert materials.topics([material.id, other.id]) == {
        material.id: (warm.id,),
        other.id: (warm.id,),
    }


@pytest.mark.parametrize(
    ("keys", "add", "field"),
    [
        (["plan", "nothing"], ["pension"], "materials"),
        (["plan"], ["gone"], "add"),
        ([], [], "materials"),
    ],
)
def test_an_unknown_name_among_many_changes_nothing(materials, material, keys, add, field):
    with pytest.raises(Invalid) as refusal:
        materials.tag(keys, add, remove=["pension"], by="li")

    assert refusal.value.field == field
    assert len(materials.about(material.id)) == 1


def test_what_is_on_the_shelf_keeps_a_tag(materials, material, shelf, clock):
    shelf.place("plan", "acc_1", opens=clock(), closes=clock() + timedelta(days=1), by="li")

    with pytest.raises(Conflict):
        materials.untag("plan", ["pension"], by="li")

    clock.move(timedelta(days=1))
    materials.untag("plan", ["pension"], by="li")
    assert materials.about(material.id) == ()


@pytest.mark.rule("R2.1", "R2.2")
def test_ten_registrations_of_one_source_leave_one_material(records, materials):
    start, made = Barrier(10), []

    def register():
        start.wait()
        made.append(materials.register("douyin", "v7", "https://v.douyin.com/7", by="li").id)

    editors = [Thread(target=register) for _ in range(10)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()

    assert len(made) == 10
    assert len(set(made)) == 1
    assert materials.page(count=True).total == 1


def test_a_reference_needs_a_source_and_a_link(materials):
    with pytest.raises(Invalid) as refusal:
        materials.register("", "", "ftp://e.cn", by="li")

    assert {flaw.field for flaw in refusal.value.flaws} == {"source_platform", "source_id"}
    with pytest.raises(Invalid):
        materials.register("douyin", "v1", "ftp://e.cn", by="li")


def test_the_library_is_paged_filtered_and_seen_by_unit(materials, material, taxonomy):
    home = taxonomy.create("养老社区", "topic", parent="pension", by="li")
    ours = [
        materials.create("script", f"话术{n}", unit="unt_1", tags=[home.id], by="li")
        for n in range(3)
    ]
    first = materials.page(first=2, count=True)
    rest = materials.page(first=2, after=first.next)

    seen = [each.id for each in (*first.items, *rest.items)]
    assert sorted(seen) == sorted([material.id, *(each.id for each in ours)])
    assert (first.total, rest.next) == (4, None)
    assert [each.id for each in materials.page(sight={""}).items] == [material.id]
    assert materials.page(types=["script"], tags=["pension"], count=True).total == 3
    assert [each.id for each in materials.page(text="养老 规划").items] == [material.id]
    assert materials.page(text="%").items == []
