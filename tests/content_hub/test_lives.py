"""The life of a material: drafts, reviews by four eyes, versions, comments, the archive."""

from datetime import timedelta

import pytest

from content_hub.comments import Comments
from content_hub.materials.versions import Versions
from content_hub.policies import Policies
from content_hub.reviews import Life, Reviews
from kernel.errors import Conflict, Forbidden, Invalid

DAY = timedelta(days=1)


@pytest.fixture
def reviews(records, changes, clock):
    return Reviews(records, changes, clock)


@pytest.fixture
def versions(records):
    return Versions(records)


@pytest.fixture
def reviewed(records, changes, materials, pension):
    """A type that takes two reviews by four eyes, and a draft of it."""
    Policies(records, changes).set("poster", steps=2, four_eyes=True, by="admin")
    return materials.create("poster", "海报", tags=[pension.id], by="li")


def life(reviews, materials, material):
    return reviews.life([materials.one(material.id)])[material.id]


def place(shelf, material, clock):
    return shelf.place(material.id, "acc", opens=clock(), closes=clock() + DAY, by="li")


def test_a_draft_becomes_approved_by_two_people_who_did_not_write_it(
    reviews, materials, shelf, reviewed, clock
):
    assert life(reviews, materials, reviewed) is Life.DRAFT
    with pytest.raises(Invalid) as refusal:
        place(shelf, reviewed, clock)
    assert refusal.value.reason == "needs_approval"
    with pytest.raises(Conflict):
        reviews.approve(reviewed.id, by="wang")

    reviews.submit(reviewed.id, by="li")
    assert life(reviews, materials, reviewed) is Life.IN_REVIEW
    assert [each.id for each in reviews.waiting()] == [reviewed.id]
    with pytest.raises(Forbidden):
        reviews.approve(reviewed.id, by="li")
    reviews.approve(reviewed.id, by="wang")
    with pytest.raises(Forbidden):
        reviews.approve(reviewed.id, by="wang")
    reviews.approve(reviewed.id, by="zhao")

    assert life(reviews, materials, reviewed) is Life.APPROVED
    assert reviews.waiting() == []
    place(shelf, reviewed, clock)
    assert [item.id for item in shelf.page("acc").items] == [reviewed.id]


def test_sent_back_it_is_a_draft_with_a_note_and_a_later_edit_begins_anew(
    reviews, materials, reviewed
):
    reviews.submit(reviewed.id, by="li")
    with pytest.raises(Invalid):
        reviews.send_back(reviewed.id, by="wang", note=" ")
    reviews.send_back(reviewed.id, by="wang", note="标题太长")
    assert life(reviews, materials, reviewed) is Life.DRAFT
    assert reviews.of(reviewed.id)[0].note == "标题太长"

    reviews.submit(reviewed.id, by="li")
    reviews.approve(reviewed.id, by="wang")
    materials.edit(reviewed.id, title="短标题", by="li")
    assert life(reviews, materials, reviewed) is Life.DRAFT


def test_what_is_approved_and_promised_is_not_changed_behind_its_reviewers(
    reviews, materials, shelf, reviewed, clock
):
    reviews.submit(reviewed.id, by="li")
    reviews.approve(reviewed.id, by="wang")
    reviews.approve(reviewed.id, by="zhao")
    place(shelf, reviewed, clock)

    with pytest.raises(Conflict) as refusal:
        materials.edit(reviewed.id, title="另一个标题", by="li")
    assert refusal.value.reason == "approved_on_the_shelf"
    assert materials.one(reviewed.id).title == "海报"


def test_a_type_without_steps_asks_nobody(reviews, materials, material):
    assert life(reviews, materials, material) is Life.APPROVED


def test_the_archive_takes_it_off_every_shelf_and_gives_it_back(
    reviews, materials, shelf, material, clock
):
    place(shelf, material, clock)
    reviews.archive(material.id, by="li")

    assert shelf.page("acc").items == []
    assert shelf.held_by(material.id) == ["archived"]
    assert materials.page().items == []
    assert life(reviews, materials, material) is Life.ARCHIVED
    reviews.take_out(material.id, by="li")
    assert [item.id for item in shelf.page("acc").items] == [material.id]


def test_versions_are_compared_field_by_field_and_restored(materials, versions, material):
    materials.edit(material.id, title="新标题", fields={"author": "李"}, by="wang")
    materials.edit(material.id, fields={"author": "王", "price": "5000"}, by="li")

    assert [(each.number, each.by) for each in versions.of(material.id)] == [
        (3, "li"), (2, "wang"), (1, "li"),
    ]  # fmt: skip
    told = versions.compare(material.id, 1, 3)
    assert [(each.field, each.old, each.new) for each in told] == [
        ("title", "退休后的养老规划", "新标题"), ("fields.author", None, "王"),
        ("fields.price", None, "5000"),
    ]  # fmt: skip
    back = materials.restore(material.id, 1, by="li")
    assert (back.number, back.title, back.fields) == (4, "退休后的养老规划", {})
    part = materials.restore(material.id, 3, fields=["fields.author"], by="li")
    assert (part.title, part.fields) == ("退休后的养老规划", {"author": "王"})


def test_of_two_who_edit_at_once_only_what_both_changed_is_a_conflict(materials, material):
    materials.edit(material.id, title="她的标题", expected=1, by="wang")

    both = materials.edit(material.id, summary="我的摘要", expected=1, by="li")
    assert (both.title, both.summary) == ("她的标题", "我的摘要")
    with pytest.raises(Conflict) as refusal:
        materials.edit(material.id, title="我的标题", expected=1, by="li")
    assert refusal.value.facts["fields"] == [{"zh": "标题", "en": "Title"}]
    assert refusal.value.facts["number"] == 3


def test_comments_name_people_until_they_are_settled(records, changes, clock, material):
    comments = Comments(records, changes, clock)
    said = comments.say(material.id, "标题换一个？", mentions=["stf_wang"], by="stf_li")

    assert [each.id for each in comments.mentioning("stf_wang")] == [said.id]
    comments.settle(said.id, by="stf_wang")
    assert comments.mentioning("stf_wang") == []
    assert [each.said for each in comments.of(material.id)] == ["标题换一个？"]
    with pytest.raises(Invalid):
        comments.say(material.id, " ", by="stf_li")
