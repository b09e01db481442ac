"""Remakes: what a rep films after one of ours is hers, and hangs below it in a tree."""

from threading import Thread

import pytest

from content_hub.remakes import Remakes
from kernel.errors import Conflict, Invalid


@pytest.fixture
def remakes(records, changes, types, materials, clock):
    return Remakes(records, changes, types, materials, clock)


@pytest.fixture
def template(materials, pension):
    return materials.create(
        "short_video", "三句话讲清养老", tags=["pension"], summary="口播", by="li",
        fields={"outline": "开场、三点、结尾", "video": "med_1", "seconds": 30, "benefit": "安心"},
    )  # fmt: skip


@pytest.mark.rule("R57.1")
def test_a_remake_takes_over_what_it_is_about_and_none_of_the_footage(
    remakes, materials, template, pension
):
    made = remakes.make(template.id, rep="stf_wang", title="王姐讲养老", by="stf_wang")
    assert (made.type, made.title, made.summary) == ("short_video", "王姐讲养老", "口播")
    assert made.fields == {"outline": "开场、三点、结尾", "benefit": "安心"}
    assert materials.about(made.id) == (pension.id,)
    assert remakes.template_of(made.id) == template.id
    assert remakes.template_of(template.id) == ""


@pytest.mark.rule("R57.2")
def test_what_was_made_after_remakes_stands_below_them(remakes, template, clock):
    first, second = (remakes.make(template.id, rep=f"stf_{n}", by="li") for n in range(2))
    copy = remakes.make(first.id, rep="stf_9", by="li")
    below = [(each.material.id, each.template, each.rep, each.depth)
             for each in remakes.tree(template.id)]  # fmt: skip
    assert below == [
        (first.id, template.id, "stf_0", 1), (copy.id, first.id, "stf_9", 2),
        (second.id, template.id, "stf_1", 1),
    ]  # fmt: skip
    assert remakes.tree(copy.id) == []


def test_one_link_is_one_remake_however_often_and_at_once_it_is_handed_in(remakes, template):
    link, made = "https://www.douyin.com/video/7", []

    def hand_in():
        made.append(remakes.make(template.id, rep="stf_1", url=link, by="stf_1").id)

    racers = [Thread(target=hand_in) for _ in range(5)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(set(made)) == 1
    assert len(made) == 5
    (only,) = remakes.tree(template.id)
    assert (only.material.source_platform, only.material.source_url) == ("www.douyin.com", link)


def test_what_cannot_be_a_remake_is_refused_by_field(remakes, materials, template, material):
    with pytest.raises(Invalid) as refusal:
        remakes.make(material.id, by="li")
    assert refusal.value.flaws[0].reason == "only_videos_are_remade"
    for wrong in ("7", "javascript:alert(1)", "https:///7", "https://x.cn/" + "7" * 300):
        with pytest.raises(Invalid) as refusal:
            remakes.make(template.id, url=wrong, by="li")
        assert refusal.value.flaws[0].field == "url"
    link = "https://www.douyin.com/video/7"
    materials.register("www.douyin.com", link, link, title="别的作品", by="li")
    with pytest.raises(Conflict) as conflict:
        remakes.make(template.id, url=link, by="li")
    assert conflict.value.reason == "link_is_something_else"
    assert remakes.tree(template.id) == []
