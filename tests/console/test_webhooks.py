"""Who is told what comes onto shelves, on pages of the console."""

import re


def test_an_address_is_made_with_a_secret_shown_once(rooms, desk_of):
    boss = desk_of("admin")
    assert "还没有接收方" in boss.get("/console/webhooks").text
    page = boss.post("/console/webhooks", url="https://erp.example.com/h", name="ERP",
                     kind=["material.on_shelf"]).text  # fmt: skip
    assert "whsec_" in page
    (made,) = rooms.subscriptions.all()
    assert made.kinds == ["material.on_shelf"]
    assert "whsec_" not in boss.get("/console/webhooks").text

    where = f"/console/webhooks/{made.id}"
    assert "测试通知已排队" in boss.post(where, act="ping").text
    assert "待发" in boss.get(where).text
    assert "whsec_" in boss.post(where, act="renew").text
    assert "已停用" in boss.post(where, act="off").text
    assert boss.post(where, act="again", since="2026-03-01T00:00").status_code == 422
    assert "已启用" in boss.post(where, act="on").text
    assert "正在重发" in boss.post(where, act="again", since="2026-03-01T00:00").text
    assert boss.post(where, act="again", since="").status_code == 422
    assert boss.post(where, act="sing").status_code == 422
    assert "已删除" in boss.post(where, act="drop").text
    assert rooms.subscriptions.all() == []


def test_a_bad_address_stands_beside_its_field_and_editors_have_no_such_page(desk, desk_of):
    refused = desk_of("admin").post("/console/webhooks", url="nowhere")
    assert refused.status_code == 422
    assert re.search(r'id="wrong-url"', refused.text)
    inside = desk_of("admin").post("/console/webhooks", url="https://inside.example/hook")
    assert inside.status_code == 422
    assert "不允许访问这个地址：inside.example" in inside.text
    assert desk.get("/console/webhooks").status_code == 403
