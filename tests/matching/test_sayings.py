"""What to say to what she said."""

import pytest

from content_hub.finding import Finding
from matching.sayings import Sayings
from stores.sqlite.search import SqliteSearch


@pytest.fixture
def sayings(company, tmp_path):
    index = SqliteSearch(tmp_path / "search.db", durability="process")
    finding = Finding(index, company.records, company.materials, company.changes, company.taxonomy)
    company.tag("异议处理", "purpose", code="purpose.objection")
    for said in ("太贵了", "再考虑考虑"):
        company.place(f"客户说“{said}” · 微信回复", "异议处理", kind="script",
                      body="{客户称呼}，我是{客户经理}，一天一杯奶茶钱。")  # fmt: skip
    company.place("养老开场", "养老社区", kind="script", body="您好")
    while finding.follow():
        pass
    yield Sayings(finding, company.shelf, company.taxonomy, company.recommender, company.clock)
    index.close()


def test_what_customers_often_say_is_read_off_the_scripts(company, sayings):
    assert sorted(sayings.usual(company.hire("li"))) == ["再考虑考虑", "太贵了"]


@pytest.mark.parametrize("said", ["太贵了", "有点贵", "太贵了吧", "我觉得太贵了，真的", "taigui"])
def test_a_script_is_found_by_her_words_and_filled(company, sayings, said):
    rep = company.hire("li", name="李丽")
    handle = company.meet(rep=rep, name="王秀兰", gender="女")
    answers = sayings.answers(company.id_of(handle), rep, said)
    assert [each.text for each in answers] == ["王女士，我是李丽，一天一杯奶茶钱。"]


def test_what_is_off_the_shelf_or_means_nothing_finds_nothing(company, sayings):
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    customer = company.id_of(handle)
    (found,) = sayings.answers(customer, rep, "太贵了")
    company.shelf.retire(found.script.id, by="li")
    assert sayings.answers(customer, rep, "太贵了") == []
    assert sayings.answers(customer, rep, "，。") == []
    assert sayings.usual(rep) == ["再考虑考虑"]
