"""What the rules ask of the ends together: five of them pass one suite, and begin as one."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from channels import contract
from juzhen.wiring import CHANNELS

PAGES = Path(__file__).parents[2] / "docs" / "channels"
SUITES = tuple(
    kind
    for kind in vars(contract).values()
    if isinstance(kind, type) and "Contract" in kind.__name__
)
PASSED = {
    "douyin": "tests.channels.test_platforms",
    "wecom": "tests.channels.wecom.test_wecom",
    "app": "tests.channels.test_callbacks",
    "wechat_oa": "tests.channels.wechat.test_official_account",
    "commerce": "tests.channels.test_platforms",
}
"""The five that the rule names, and where each passes the suite."""


@pytest.mark.rule("R6.1")
@pytest.mark.parametrize("kind", PASSED)
def test_each_of_the_five_ends_passes_the_shared_suite(kind):
    module = import_module(PASSED[kind])
    suites = [
        each for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, SUITES) and each not in SUITES
    ]  # fmt: skip
    assert kind in CHANNELS
    assert suites
    assert all(
        name.startswith("test_") for suite in SUITES for name in vars(suite) if "test" in name
    )


@pytest.mark.rule("R8.3")
def test_all_ends_begin_within_a_minute_of_each_other(house, clock):
    """Sixty things open at once on five ends; the worker's rounds are a second apart."""
    ends = [house.account(code=f"board{each}") for each in range(5)]
    opens = clock() + timedelta(hours=2)
    for number in range(12):
        material = house.material(f"活动素材{number}")
        for end in ends:
            house.placed(material, end, hours=(2, 5))
    clock.move(timedelta(hours=2))
    rounds = 0
    while house.work():
        clock.move(timedelta(seconds=1))
        rounds += 1
        assert rounds < 60
    begun = [
        delivery.first_sent
        for end in ends
        for delivery in house.deliveries.page(account=end.id, first=100).items
    ]
    assert len(begun) == 60
    assert max(begun) - min(begun) <= timedelta(seconds=60)
    assert max(begun) - opens <= timedelta(seconds=60)


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_every_kind_of_account_has_a_page_for_people(kind):
    """How it is connected and what it can do, beside the reference that the code writes."""
    named = {"wechat_oa": "official-account"}.get(kind, kind.replace("_", "-"))
    page = (PAGES / f"{named}.md").read_text("utf-8")
    assert kind in page
    assert "juzhen account add" in page
