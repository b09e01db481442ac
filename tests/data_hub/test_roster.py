"""Who works here: brought in from a sheet and again, changed, let go and taken on again."""

import pytest

from data_hub.roster import Roster, ways
from data_hub.staff import StaffBook
from kernel.actors import Role
from kernel.errors import Conflict, Invalid, SignedOff

TEAM = "上海分公司/浦东一部"
SHEET = [
    {"工号": "A1", "姓名": "李静", "机构": TEAM, "角色": "客户经理", "资格": "保险、基金"},
    {"工号": "A2", "姓名": "王强", "机构": TEAM, "角色": "团队长"},
    {"工号": "A3", "姓名": "赵敏", "机构": "", "角色": "editor", "考勤": "正常"},
]  # fmt: skip


@pytest.fixture
def staff(records, changes, clock):
    return StaffBook(records, changes, clock)


@pytest.fixture
def roster(records, staff):
    return Roster(records, staff)


def bring(roster, sheet=SHEET, **more):
    return roster.bring(enumerate(sheet, 2), by="boss", **more)


def test_a_sheet_takes_everybody_on_and_founds_the_units_it_names(roster, staff):
    brought = bring(roster)

    assert (brought.made, brought.refused, brought.left_out) == (3, 0, ["考勤"])
    assert brought.units == ["上海分公司", "上海分公司/浦东一部"]
    li, way = staff.one("A1"), ways(staff.units())
    assert (li.role, way[li.unit], li.licences) == (
        "rep", "上海分公司/浦东一部", ["保险", "基金"],
    )  # fmt: skip
    lead = staff.actor("A2")
    assert lead.role is Role.TEAM_LEAD
    assert lead.reach == {li.unit}


def test_the_same_sheet_again_changes_nothing_and_another_changes_what_it_says(roster, staff):
    bring(roster)
    again = bring(roster)
    assert (again.made, again.changed, again.same, again.units) == (0, 0, 3, [])

    moved = bring(roster, [{"code": "A1", "unit": "上海分公司", "post": "顾问", "name": ""}])
    li = staff.one("A1")
    assert (moved.changed, li.name, li.post, li.licences) == (1, "李静", "顾问", ["保险", "基金"])


def test_trying_tells_the_same_and_keeps_nothing(roster, staff):
    tried = bring(roster, dry_run=True)
    assert (tried.made, tried.units) == (3, ["上海分公司", "上海分公司/浦东一部"])
    assert (staff.page().items, staff.units()) == ([], [])


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"姓名": "无号"}, "code", "missing"),
        ({"工号": "B1"}, "name", "missing"),
        ({"工号": "B1", "姓名": "某", "角色": "国王"}, "role", "not_a_choice"),
        ({"工号": "B1", "姓名": "某", "角色": "collector"}, "role", "not_a_choice"),
        ({"工号": "A1", "姓名": "重复"}, "code", "named_twice"),
        (
            {"工号": "B1", "姓名": "某", "执业证编号": "＃"},
            "licence_number", "not_a_licence_number",
        ),
        ({"工号": "B1", "姓名": "某", "机构": "a/b/c/d/e/f/g"}, "unit", "not_a_way_to_a_unit"),
        ({"工号": "x" * 101, "姓名": "某"}, "code", "too_long"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_told_by_its_line_and_the_others_go_on(roster, row, field, reason):
    brought = bring(roster, [*SHEET, row])
    ((line, flaw),) = brought.flaws
    assert (line, flaw.field, flaw.reason) == (5, field, reason)
    assert (brought.made, brought.refused) == (3, 1)


def test_two_thousand_reps_come_in_as_one_sheet(roster, staff):
    sheet = [
        {"工号": f"R{n:04}", "姓名": f"员工{n}", "机构": f"分公司{n % 20}/{n % 100}部"}
        for n in range(2_000)
    ]
    assert bring(roster, sheet).made == 2_000
    assert len(staff.reps()) == 2_000
    assert len(staff.units()) == 120


def test_who_left_speaks_for_nobody_and_is_found_for_no_new_customer(roster, staff, clock):
    bring(roster)
    staff.leave("A1", by="boss")
    with pytest.raises(SignedOff):
        staff.actor("A1")
    assert (staff.reps(), staff.called(["李静", "A1"])) == ([], {})
    assert staff.many([staff.one("A1").id])[staff.one("A1").id].left == clock()

    staff.come_back("A1", by="boss")
    assert staff.actor("A1").name == "李静"


def test_nobody_changes_her_own_role_or_lets_herself_go(roster, staff):
    bring(roster)
    me = staff.one("A3").id
    for act in (lambda: staff.change(me, by=me, role=Role.ADMIN), lambda: staff.leave(me, by=me)):
        with pytest.raises(Conflict, match="Another administrator"):
            act()
    assert staff.change(me, by=me, name="赵小敏", role=Role.EDITOR).name == "赵小敏"


def test_a_unit_that_is_not_there_and_a_name_that_is_empty_are_refused(roster, staff):
    bring(roster)
    with pytest.raises(Invalid):
        staff.change("A1", by="boss", name="")
    with pytest.raises(Exception, match="nowhere"):
        staff.change("A1", by="boss", unit="nowhere")


def test_namesakes_are_told_apart_by_code_alone(roster, staff):
    bring(roster, [*SHEET, {"工号": "A9", "姓名": "李静"}])
    found = staff.called(["李静", "A9", "谁"])
    assert len(found["李静"]) == 2
    assert found["A9"] == [staff.one("A9").id]
    assert "谁" not in found


def test_people_are_found_by_part_of_a_name_or_the_beginning_of_a_code(roster, staff):
    bring(roster)
    assert [each.code for each in staff.page(text="静").items] == ["A1"]
    assert [each.code for each in staff.page(text="A").items] == ["A1", "A2", "A3"]
    assert staff.page(text="%").items == []
