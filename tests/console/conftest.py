"""The console over real rooms, with two accounts and something to work on."""

import pytest

from juzhen import console
from juzhen.web import public
from tests.web.pages_house import PagesHouse


@pytest.fixture
def rooms(records, people, clock, tmp_path):
    kept = PagesHouse(records, people, clock, tmp_path)
    kept.app = kept.accounts.add(
        code="app", name="客户 App", kind="app", ecosystem="own_app", by="li"
    )
    kept.wall = kept.accounts.add(
        code="board", name="公众号", kind="board", ecosystem="wechat", by="li"
    )
    kept.pension = kept.taxonomy.create("养老", "topic", code="pension", en="Pension", by="li")
    yield kept
    kept.close()


@pytest.fixture
def flask(rooms):
    return rooms.application(console.blueprint(rooms), public.blueprint(rooms))


class Desk:
    """A browser without JavaScript, in somebody's hands."""

    def __init__(self, flask, role):
        self._client = flask.test_client()
        self._headers = {"Accept": "text/html", **({"X-Actor": role} if role else {})}

    def get(self, path):
        return self._client.get(path, headers=self._headers)

    def post(self, path, follow=True, **form):
        answer = self._client.post(path, data=form, headers=self._headers)
        return self.get(answer.location) if follow and answer.status_code == 303 else answer


@pytest.fixture
def desk(flask):
    return Desk(flask, "editor")


@pytest.fixture
def desk_of(flask):
    return lambda role: Desk(flask, role)


@pytest.fixture
def material(rooms):
    return rooms.materials.create(
        "image_text", "退休后的养老规划", summary="三步", tags=["pension"], by="li"
    )
