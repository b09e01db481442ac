"""WeCom's pages: a person plays a rep and a customer, with nothing but forms."""

import pytest

from juzhen.sandbox.app import create
from juzhen.sandbox.world import Settings

CORP = {
    "kind": "wecom", "appid": "ww1", "secret": "s", "token": "t", "code": "corp",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "name": "长河保险", "followers": 3,
    "reps": [{"userid": "zhang", "name": "张岚"}, {"userid": "li", "name": "李默"}],
}  # fmt: skip


class Played:
    """A world, a client of its pages, and the corporation that it plays."""

    def __init__(self, app):
        made = app.extensions["world"]
        self.friends, self.tasks, self.close = made.friends, made.tasks, made.close
        self.client = app.test_client()
        self.client.post("/sandbox/accounts", json=CORP)
        self.corp = made.accounts.corp("corp")


@pytest.fixture
def world(tmp_path, clock):
    made = Played(create(Settings(folder=tmp_path / "sandbox", clock=clock)))
    yield made
    made.close()


@pytest.fixture
def friend(world):
    return world.friends.of_rep(world.corp, "zhang")[0]


def page(world, path, **form):
    if form:
        return world.client.post(path, data=form, follow_redirects=True).text
    answer = world.client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_the_corporation_stands_on_the_first_page_with_its_reps_and_people(world, friend):
    assert "长河保险" in page(world, "/")
    told = page(world, "/wecom/corp")
    assert all(each in told for each in ("张岚", "李默", friend["name"]))


def test_a_rep_opens_the_sidebar_of_a_chat_and_a_code_has_a_picture(world, friend):
    told = page(world, "/wecom/corp/reps/zhang")
    assert f"/login/by/corp?next=/workbench/beside/corp%3Fwx%3D{friend['external']}" in told
    drawn = world.client.get("/wecom/codes/abc123")
    assert (drawn.status_code, drawn.content_type) == (200, "image/svg+xml")
    assert drawn.data != world.client.get("/wecom/codes/abc124").data


def test_a_rep_confirms_a_mass_message_and_the_customer_reads_it(world, friend):
    told = {"chat_type": "single", "external_userid": [friend["external"]]}
    msgid, _ = world.tasks.mass(world.corp, told | {"text": {"content": "周六开放日"}})
    assert "周六开放日" in page(world, "/wecom/corp/reps/zhang")
    her = f"/wecom/corp/people/{friend['external']}"
    assert "周六开放日" not in page(world, her)
    page(world, "/wecom/corp/confirm", **{"as": "rep", "userid": "zhang", "msgid": msgid})
    assert "周六开放日" in page(world, her)
    assert "周六开放日" not in page(world, "/wecom/corp/reps/zhang")


def test_a_rep_posts_a_moment_and_her_customers_see_it(world, friend):
    link = {"title": "读一读", "url": "http://127.0.0.1:8000/t/abc#k"}
    told = {"text": {"content": "今日推荐"}, "attachments": [{"msgtype": "link", "link": link}]}
    world.tasks.moment(world.corp, told)
    (moment,) = world.tasks.moments(world.corp)
    assert "今日推荐" in page(world, "/wecom/corp/reps/zhang")
    form = {"as": "rep", "userid": "zhang", "moment": moment["moment_id"]}
    page(world, "/wecom/corp/post", **form)
    assert "读一读" in page(world, f"/wecom/corp/people/{friend['external']}")


def test_a_customer_writes_deletes_the_rep_and_scans_a_code(world, friend):
    world.friends.way(world.corp, {"state": "lc1", "remark": "门店", "user": ["li"]})
    her = {"as": "customer", "external": friend["external"]}
    assert "在吗" in page(world, "/wecom/corp/say", userid="zhang", text="在吗", **her)
    assert "在吗" not in page(world, "/wecom/corp/leave", userid="zhang", **her)
    assert "李默" in page(world, "/wecom/corp/scan", state="lc1", **her)
    assert [row["userid"] for row in world.friends.of_person(world.corp, her["external"])] == ["li"]


def test_a_card_to_a_rep_is_shown_with_where_it_leads_and_closed(world):
    face = {
        "main_title": {"title": "客户生日周", "desc": "推荐：开放日"},
        "card_action": {"type": 1, "url": "http://127.0.0.1:8000/workbench/customers/x"},
    }
    told = {"msgtype": "template_card", "template_card": face}
    _, code = world.tasks.card(world.corp, ["zhang"], told)
    seen = page(world, "/wecom/corp/reps/zhang")
    assert all(each in seen for each in ("客户生日周", "推荐：开放日", "/workbench/customers/x"))
    world.tasks.close_card(world.corp, code, "已处理")
    assert "已处理" in page(world, "/wecom/corp/reps/zhang")


def test_what_is_not_there_is_said_plainly(world):
    for path in ("/wecom/nobody", "/wecom/corp/reps/nobody", "/wecom/corp/people/nobody"):
        assert world.client.get(path).status_code == 404
