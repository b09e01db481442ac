"""How far a customer is with us moves her list, and the reason says so."""

from datetime import timedelta

import pytest

from matching.stages import DECIDES, DELIVERED

DAY = timedelta(days=1)
BOUGHT = ("bought", {"product": "P1", "amount": 100})
ASKED = ("asked_quote", {"product": "P1"})


@pytest.mark.parametrize(
    ("did", "name"),
    [
        ([], "connect"),
        ([(("viewed_product", {"product": "P1"}), DAY)], "connect"),
        ([(ASKED, DAY)], "facilitate"),
        ([(ASKED, DECIDES)], "connect"),
        ([(BOUGHT, DAY)], "deliver"),
        ([(BOUGHT, DELIVERED)], "after_sales"),
        ([(ASKED, 3 * DAY), (BOUGHT, DAY)], "deliver"),
        ([(BOUGHT, 3 * DAY), (ASKED, DAY)], "facilitate"),
    ],
)
def test_content_for_the_stage_that_she_is_in_is_preferred_and_says_why(company, did, name):
    made = {}
    for each in ("connect", "facilitate", "deliver", "after_sales"):
        company.tag(f"阶段{each}", "stage", code=f"stage.{each}")
        made[each] = company.place(f"用于{each}", f"阶段{each}")
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(*(company.event(kind, handle, ago=ago, **told) for (kind, told), ago in did))
    first = company.offer(handle, rep).told()[0]
    assert first.material == made[name]
    (reason,) = [each for each in first.reasons if each.kind == "stage"]
    assert reason.weight == 0.1
    assert reason.evidence["stage"] == name
    if name != "connect":
        day = company.zone.day(company.clock() - did[-1][1]).isoformat()
        assert day in reason.text("zh")
        assert day in reason.text("en")


def test_who_holds_a_policy_of_which_no_purchase_was_told_is_no_newcomer(company):
    made = {}
    for each in ("connect", "after_sales"):
        company.tag(f"阶段{each}", "stage", code=f"stage.{each}")
        made[each] = company.place(f"用于{each}", f"阶段{each}")
    rep = company.hire("li")
    handle = company.meet(rep=rep)
    company.tell(company.event("policy_issued", handle, policy="P1", product="稳盈三年"))
    first = company.offer(handle, rep).told()[0]
    (reason,) = [each for each in first.reasons if each.kind == "stage"]
    assert first.material == made["after_sales"]
    assert reason.text("zh") == "她持有过我们的产品：用于售后"
