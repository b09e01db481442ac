"""The touch policy's page: what counts, what another policy would have done, and saving it."""

from kernel.events import Handle


def wanted(rooms, n):
    for each in range(n):
        rooms.deliveries.queue(
            account=rooms.wall.id, target=Handle("openid", rooms.wall.id, "o1"), by="li",
            occasion=f"x{each}", purpose="marketing", words="您好",
        )  # fmt: skip


def test_settings_are_tried_on_last_month_and_then_saved_by_an_admin(rooms, desk, desk_of):
    wanted(rooms, 3)
    page = desk.get("/console/touches").text
    assert "每人每天营销触达上限" in page
    assert "如果上个月用这套参数" not in page
    page = desk.get("/console/touches?try=1&day=2&channel_day=2").text
    assert "1 位客户：实际触达 0 次，这套参数会触达 2 次" in page
    assert page.count("<svg") >= 2
    assert "现在是 1" in page
    assert rooms.touch_policy.policy().day == 1
    assert desk.post("/console/touches", day="2").status_code == 403
    page = desk_of("admin").post("/console/touches", day="2", week="3").text
    assert "轻骚扰参数已保存" in page
    assert rooms.touch_policy.policy().day == 2


def test_a_setting_that_is_none_is_said_beside_its_field(desk):
    told = desk.get("/console/touches?try=1&day=many")
    assert told.status_code == 422
    assert "wrong-day" in told.text
