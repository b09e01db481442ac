"""Content for few gains where customers care for that: in a chat, not in a stream of videos."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.accounts import Accounts, Sealer
from juzhen.settings import Settings
from kernel.events import Ecosystem
from matching.exclusivity import TAG, Exclusivity
from matching.scoring import total_of

KEYS = {"1": b"0" * 32}


@pytest.fixture
def exclusive(company, records, changes, clock):
    """A content for few, another like it, and an account in every ecosystem."""
    accounts = Accounts(records, changes, Sealer(KEYS), clock)
    company.ends = {
        each: accounts.add(code=each, name=each, kind="app", ecosystem=each, by="li").id
        for each in Ecosystem
    }
    company.accounts = accounts
    company.tag("专属", facet="tone", code=TAG)
    company.few, company.all = (
        company.place("私享会", "理财", "专属"),
        company.place("公开课", "理财"),
    )
    return company


def weighed(company, weights):
    company.asking.questions._exclusivity = Exclusivity(company.accounts, weights)


def met_in(company, ecosystem, rep):
    handle = company.meet(rep=rep)
    company.tell(replace(company.event("viewed_page", handle), account=company.ends[ecosystem]))
    return handle


def gain(company, handle, rep):
    told = {item.material: item for item in company.offer(handle, rep).told()}
    for item in told.values():
        assert abs(total_of(item.reasons) - item.score) < 1e-9
    kinds = [each for each in told[company.few].reasons if each.kind == "exclusive"]
    return sum(each.weight for each in kinds), kinds


@pytest.mark.rule("R51.1")
@pytest.mark.parametrize(
    ("ecosystem", "weight"),
    [("wechat", 0.1), ("own_app", 0.1), ("commerce", 0.1), ("video", 0.0)],
)
def test_what_is_for_few_gains_in_every_ecosystem_but_video(exclusive, ecosystem, weight):
    weighed(exclusive, Settings().exclusivity)
    rep = exclusive.hire("li")
    gained, reasons = gain(exclusive, met_in(exclusive, ecosystem, rep), rep)
    assert gained == weight
    assert [each.text("zh") for each in reasons] == (
        [f"专属内容：她在{reasons[0].facts['ecosystem']['zh']}看重专属感"] if weight else []
    )


@pytest.mark.rule("R51.1")
def test_a_company_weighs_each_ecosystem_as_it_likes(exclusive):
    told = Settings(matching_exclusivity="video=0.3, wechat=0")
    assert told.exclusivity == {"video": 0.3, "wechat": 0.0}
    weighed(exclusive, told.exclusivity)
    rep = exclusive.hire("li")
    her = met_in(exclusive, "video", rep)
    assert gain(exclusive, her, rep)[0] == 0.3
    exclusive.clock.move(timedelta(hours=1))
    exclusive.tell(replace(exclusive.event("viewed_page", her), account=exclusive.ends["wechat"]))
    assert gain(exclusive, her, rep)[0] == 0.0  # she was last heard of elsewhere
