"""A creator grants us her account: from the page about accounts to the platform and back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.channels.house import BoardChannel


class Asking(BoardChannel):
    """A channel whose account somebody else must grant us."""

    def __init__(self, board, taken):
        super().__init__(board)
        self.taken = taken

    def consent(self, word, back):
        return f"https://platform.example/yes?state={word}&redirect_uri={back}"

    def take_grant(self, code, *, by):
        self.taken.append(code)


@pytest.fixture
def taken(rooms):
    taken = []
    rooms.channels._factories["asking"] = lambda *_: Asking(rooms.board, taken)
    rooms.account("star", "asking")
    return taken


def test_she_is_asked_on_her_platform_and_comes_back_once(rooms, desk_of, taken):
    admin = desk_of("admin")
    assert "请创作者授权" in admin.get("/console/accounts").text
    rooms.accounts.pause(rooms.accounts.one("star").id, "creator_must_grant", by="worker")
    sent = admin.get("/console/accounts/star/grant")
    told = parse_qs(urlsplit(sent.location).query)
    assert told["redirect_uri"] == ["http://127.0.0.1:8000/console/accounts/granted"]
    back = f"/console/accounts/granted?state={told['state'][0]}&code=c1"
    assert "创作者已授权" in admin.get(admin.get(back).location).text
    assert taken == ["c1"]
    assert not rooms.accounts.one("star").paused
    assert admin.get(back).status_code == 409


def test_only_who_looks_after_accounts_asks_and_only_where_somebody_must_say_yes(
    rooms, desk, desk_of, taken
):
    assert desk.get("/console/accounts/star/grant").status_code == 403
    assert desk_of("admin").get(f"/console/accounts/{rooms.wall.id}/grant").status_code == 404
    assert desk_of("admin").get("/console/accounts/granted?state=guess&code=c").status_code == 409
    assert taken == []
