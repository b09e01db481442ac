"""Everything that a filter finds is tagged in the console: seen first, with progress, undone."""

import pytest


@pytest.fixture
def library(rooms):
    rooms.taxonomy.create("理财", "topic", code="wealth", by="li")
    return [
        rooms.materials.create("script", f"话术 {n}", tags=["pension"], by="li").id
        for n in range(130)
    ]


def told(desk, act, **form):
    return desk.post("/console/tagging", act=act, type="script", **form)


def test_it_is_seen_first_then_begun_then_finished_by_the_worker_then_undone(rooms, desk, library):
    seen = told(desk, "see", add="理财", remove="养老")
    assert "共 130 条" in seen.text
    assert "还没有改动" in seen.text
    assert rooms.tagging_runs.latest() == []
    begun = told(desk, "begin", add="理财", remove="养老")
    assert "100 / 130" in begun.text
    assert rooms.tagging_runs.finish() == 1
    (run,) = rooms.tagging_runs.latest()
    page = desk.get(f"/console/tagging/{run.id}").text
    assert "恢复 130 份" in page
    desk.post(f"/console/tagging/{run.id}")
    rooms.tagging_runs.finish()
    pension = rooms.taxonomy.one("pension").id
    assert set(rooms.materials.topics(library).values()) == {(pension,)}
    assert desk.post(f"/console/tagging/{run.id}").status_code == 422


def test_stopped_it_leaves_the_rest_alone_and_begun_anew_it_does_only_that(
    rooms, desk, desk_of, library
):
    told(desk, "begin", add="理财")
    (run,) = rooms.tagging_runs.latest()
    page = desk.get(f"/console/tagging/{run.id}").text
    assert f"/console/tagging/{run.id}/stop" in page
    desk.post(f"/console/tagging/{run.id}/stop")
    assert rooms.tagging_runs.finish() == 0
    page = desk.get(f"/console/tagging/{run.id}").text
    assert "其余 30 份没有处理" in page
    assert "恢复 100 份" in page
    assert "/stop" not in page
    assert "已停止" in desk.get("/console/tagging").text
    assert desk.post(f"/console/tagging/{run.id}/stop").status_code == 422

    told(desk, "begin", add="理财")
    rooms.tagging_runs.finish()
    anew = rooms.tagging_runs.latest()[0]
    assert (anew.done, anew.stopped, rooms.tagging_runs.changed(anew.id)) == (130, False, (30, 0))
    desk.post(f"/console/tagging/{run.id}")
    rooms.tagging_runs.finish()
    wealth = rooms.taxonomy.one("wealth").id
    worn = [wealth in tags for tags in rooms.materials.topics(library).values()]
    assert (worn.count(True), worn.count(False)) == (30, 100)


def test_an_unknown_tag_is_told_and_nothing_begins(rooms, desk, library):
    assert told(desk, "begin", add="没有的").status_code == 422
    assert told(desk, "begin").status_code == 422
    assert desk.get("/console/tagging?tag=没有的").status_code == 200
    assert rooms.tagging_runs.latest() == []


def test_a_rep_tags_nothing(desk_of):
    assert desk_of("rep").get("/console/tagging").status_code == 403


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, desk, library):
    told(desk, "begin", add="理财", remove="养老")
    (run,) = rooms.tagging_runs.latest()
    for path in ("tagging?type=script", "tagging?lang=en", f"tagging/{run.id}"):
        for_everybody(path)
