"""What the lead of a team meets: a way between console and workbench, and those whom he may see."""

from kernel.events import Handle
from tests.data_hub.telling import event, user


def test_who_works_at_both_desks_goes_from_one_to_the_other(desk_of):
    page = desk_of("team_lead").get("/console/").text
    assert 'href="/workbench/"' in page
    assert ("<b>客户</b>" in page, "<b>公司</b>" in page) == (True, False)  # no room without doors
    assert 'href="/workbench/"' not in desk_of("editor").get("/console/").text


def test_a_lead_turns_no_empty_page_of_a_segment_to_find_his_customers(knowing_rooms, desk_of):
    rooms = knowing_rooms
    ours = rooms.staff.add_unit("ours", "一部", by="t")
    rep = rooms.staff.add("rep", "张岚", unit=ours.id, by="t")
    lead = desk_of("team_lead", ours.id)
    people = [user(f"u{n}") for n in range(130)]
    rooms.tell(*(event("bought", each) for each in people))
    ids = {rooms.identities.customer_of(each): each for each in people}
    last = ids[max(ids)]
    rooms.customers.entrust(last, rep.id, by="t")
    rooms.segments.create("买过的", code="bought", rule="did bought", by="t")
    rooms.tell()
    page = lead.get("/console/segments/bought").text
    assert f"customer={max(ids)}" in page
    assert page.count("?customer=") == 1
    assert "after=" not in page
    assert "只列出你能看到的客户" in page
    everybody = desk_of("admin").get("/console/segments/bought").text
    assert everybody.count("?customer=") == 50
    assert "after=" in everybody


def test_what_we_did_is_told_in_words_and_not_by_its_code(knowing_rooms, desk_of):
    rooms = knowing_rooms
    app = rooms.app.id
    rooms.tell(
        event("submitted", Handle("user", app, "u1")), event("created_material", user("u1")),
    )  # fmt: skip
    page = desk_of("admin").get("/console/events").text
    assert "已提交平台" in page
    assert "新建了素材" in page
    assert "made a material" in desk_of("admin").get("/console/events?lang=en").text
