"""A team lead tries a rule on a customer, keeps it, and ends it; an analyst only reads."""

import pytest

from juzhen import console
from juzhen.web import public
from tests.console.conftest import Desk
from tests.workbench.conftest import Desk as House


@pytest.fixture
def house(records, people, changes, clock, tmp_path):
    made = House(records, people, changes, clock, tmp_path)
    made.made = made.company.library(each=2)
    yield made
    made.close()


@pytest.fixture
def desk_of(house):
    flask = house.application(console.blueprint(house), public.blueprint(house))
    return lambda role, **more: Desk(flask, role, **more)


def test_a_rule_is_tried_kept_and_ended_without_scripts(house, desk_of):
    lead = desk_of("team_lead")
    rep = house.company.hire("r1")
    handle = house.company.meet(rep=rep, name="王兰")
    ten = {item.material for item in house.company.offer(handle, rep).told()}
    more = house.company.offer(handle, rep, 18).told()
    last = next(item.material for item in reversed(more) if item.material not in ten)
    form = {
        "name": "开放日置顶", "what": "pin", "number": "1", "material": last, "owner": "王编辑",
        "customer": house.company.id_of(handle),
    }  # fmt: skip
    tried = lead.post("/console/rules", act="try", **form)
    title = house.materials.one(last).title
    assert "新上榜" in tried.text
    assert title in tried.text
    assert house.rules.all() == []
    named = lead.post("/console/rules", act="try", **form | {"customer": "王兰"})
    assert "新上榜" in named.text
    house.company.meet("13900138000", rep=rep, name="王兰")
    unclear = lead.post("/console/rules", act="try", **form | {"customer": "王兰"})
    assert "的客户不止一位" in unclear.text
    nobody = lead.post("/console/rules", act="try", **form | {"customer": "无此人"})
    assert "没有叫“无此人”的客户" in nobody.text
    kept = lead.post("/console/rules", act="keep", **form)
    assert "规则已保存" in kept.text
    assert "生效中" in kept.text
    assert "置顶到第 1 位" in kept.text
    (rule,) = house.rules.all()
    assert (rule.owner, rule.by) == ("王编辑", "stf_li")
    assert house.company.offer(handle, rep).told()[0].material == last
    house.work()
    assert "1 位客户见过；此后四周 0 位购买" in lead.get("/console/rules").text
    ended = lead.post(f"/console/rules/{rule.id}/end")
    assert "生效中" not in ended.text
    assert house.company.offer(handle, rep).told()[0].material != last


def test_what_is_wrong_with_a_rule_stands_beside_its_field(house, desk_of):
    answer = desk_of("team_lead").post(
        "/console/rules", act="keep", name="x", what="pin", number="很多", tag="话题 · 健康"
    )
    assert answer.status_code == 422
    assert "应为数字" in answer.text
    answer = desk_of("team_lead").post("/console/rules", act="try", name="x", what="exclude",
                                    tag="健康", customer="cus_nobody")  # fmt: skip
    assert "没有叫“cus_nobody”的客户" in answer.text


def test_a_lead_makes_rules_for_her_own_reps_without_being_asked_whose(house, desk_of):
    east, west = (
        house.company.staff.add_unit(code, name, by="t")
        for code, name in (("e", "东区"), ("w", "西区"))
    )
    lead = desk_of("team_lead", unit=east.id)
    page = lead.get("/console/rules").text
    assert "所有员工" not in page
    assert f'<option value="{east.id}" selected>' in page
    assert west.id not in page
    form = {"name": "养生", "what": "boost", "number": "2", "tag": "健康", "unit": east.id}
    kept = lead.post("/console/rules", act="keep", **form)
    assert "规则已保存" in kept.text
    assert "东区" in kept.text
    admin = desk_of("admin")
    assert "所有员工" in admin.get("/console/rules").text
    admin.post("/console/rules", act="keep", **form | {"name": "全公司", "unit": ""})
    hers = house.company.hire("wang", name="王主管")
    admin.post("/console/rules", act="keep", **form | {"name": "王的", "owner": hers.staff})
    assert "王主管" in admin.get("/console/rules").text
    assert hers.staff not in admin.get("/console/rules").text
    for_all = next(each for each in house.rules.all() if each.name == "全公司")
    assert f"/console/rules/{for_all.id}/end" in admin.get("/console/rules").text
    assert f"/console/rules/{for_all.id}/end" not in lead.get("/console/rules").text


def test_a_material_is_named_by_its_title(house, desk_of):
    lead = desk_of("team_lead")
    while house.finding.follow():
        pass
    one = house.materials.one(house.made["健康"][0])
    form = {"name": "置顶", "what": "pin", "number": "1", "act": "keep"}
    assert "规则已保存" in lead.post("/console/rules", material=one.title, **form).text
    assert house.rules.all()[0].aim == f"material:{one.id}"
    assert "没有这份素材" in lead.post("/console/rules", material="无此素材啊", **form).text
    house.company.place(one.title, "健康", account="acc_app")
    while house.finding.follow():
        pass
    assert "符合的素材不止一份" in lead.post("/console/rules", material=one.title, **form).text


def test_a_trial_that_changes_nothing_says_so(house, desk_of):
    rep = house.company.hire("r1")
    handle = house.company.meet(rep=rep, name="王兰")
    first = house.company.offer(handle, rep).told()[0].material
    tried = desk_of("team_lead").post(
        "/console/rules", act="try", name="x", what="pin", number="1", material=first,
        customer="王兰",
    )  # fmt: skip
    assert "这条规则不改变这位客户的推荐" in tried.text


def test_who_may_make_none_is_not_sent_to_a_form_that_is_not_there(desk_of):
    page = desk_of("editor").get("/console/rules").text
    assert "在下面建第一条" not in page
    assert "团队长和管理员可以建规则" in page
    assert "在下面建第一条" in desk_of("team_lead").get("/console/rules").text


def test_an_analyst_reads_rules_and_a_rep_does_not(house, desk_of):
    assert desk_of("editor").get("/console/rules").status_code == 200
    assert desk_of("analyst").get("/console/rules").status_code == 200
    assert desk_of("analyst").post("/console/rules", act="keep", name="x").status_code == 403
    assert desk_of("rep").get("/console/rules").status_code == 403
