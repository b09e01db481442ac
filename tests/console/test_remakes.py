"""The remakes of a video stand on its page as a tree; a rep hands hers in on her phone."""

from datetime import timedelta

import pytest

from engagement.receptions import Receptions
from juzhen import console, workbench
from juzhen.web import public
from kernel.events import Event, Handle
from tests.console.conftest import Desk
from tests.workbench.conftest import Desk as House

LINK = "https://www.douyin.com/video/7"


@pytest.fixture
def house(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    made.receptions = Receptions(
        made.company.counters, made.company.history, made.feedback, clock, made.company.zone
    )
    yield made
    made.close()


@pytest.fixture
def flask(house):
    return house.application(
        console.blueprint(house), workbench.blueprint(house), public.blueprint(house)
    )


@pytest.fixture
def video(house):
    return house.materials.create(
        "short_video", "三句话讲清养老", fields={"outline": "开场、三点、结尾"}, by="li"
    ).id


@pytest.fixture
def phone(house, flask):
    """A rep with her phone in her hand."""
    rep = house.company.hire("wang", name="王芳")
    client = flask.test_client()
    told = {"Accept": "text/html", "X-Staff": rep.staff, "Accept-Language": "zh-CN"}
    return (
        rep,
        lambda path, **form: (
            client.post(path, data=form, headers=told) if form else client.get(path, headers=told)
        ),
    )


@pytest.mark.rule("R57.1", "R57.2")
def test_a_rep_hands_her_video_in_and_the_editor_sees_who_watched_it(house, flask, video, phone):
    rep, ask = phone
    page = ask(f"/workbench/remake/{video}")
    assert "开场、三点、结尾" in page.text
    assert "粘贴它的链接" in ask(f"/workbench/remake/{video}", url=" ").text
    assert "王姐讲养老" in ask(f"/workbench/remake/{video}", url=LINK, title="王姐讲养老").text
    (hers,) = house.remakes.tree(video)
    at = house.clock() - timedelta(hours=1)
    house.company.tell(*(
        Event(id=f"e{n}", kind="played_video", at=at, account="juzhen", rep=rep.staff,
              material=hers.material.id, handle=Handle("cookie", "", f"c{n}"))
        for n in range(3)
    ))  # fmt: skip
    assert "近 30 天看过 3 次" in ask(f"/workbench/remake/{video}").text

    shown = Desk(flask, "editor").get(f"/console/materials/{video}/remakes").text
    assert "王姐讲养老" in shown
    assert "王芳 3" in shown
    assert LINK in shown


def test_an_editor_makes_a_draft_after_it_and_what_is_wrong_stands_beside_its_field(
    house, flask, video
):
    desk = Desk(flask, "editor")
    where = f"/console/materials/{video}/remakes"
    wrong = desk.post(where, title="重拍", rep="nobody", url="")
    assert (wrong.status_code, "重拍" in wrong.text, "wrong-rep" in wrong.text) == (422, True, True)
    assert house.remakes.tree(video) == []
    made = desk.post(where, title="重拍", rep="", url="")
    assert made.status_code == 200
    (draft,) = house.remakes.tree(video)
    assert draft.material.title == "重拍"
    assert "照着拍的模板" in desk.get(f"/console/materials/{draft.material.id}/remakes").text
    assert Desk(flask, "analyst").post(where, title="x").status_code == 403


@pytest.mark.browser
def test_the_page_is_for_everybody(house, video, for_everybody):
    house.remakes.make(video, url=LINK, title="王姐讲养老", by="li")
    for_everybody(f"materials/{video}/remakes")
