"""What the platform folds with is what the wiring hands it."""

from datetime import timedelta

import pytest

from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.events import Event, Handle
from tests.blank import migrate

HER = Handle("user", "acc_shop", "u1")


@pytest.fixture
def company(tmp_path, clock):
    begin(tmp_path, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    made = assemble(settings, clock=clock)
    yield made
    made.close()


@pytest.mark.rule("R60.2")
def test_an_order_that_is_told_again_after_weeks_is_bought_once_by_her_profile(company, clock):
    for _ in range(2):
        order = {"order_id": "A-1", "amount": 300}
        told = Event(
            id="order:A-1", kind="bought", at=clock(), account="acc_shop", handle=HER, detail=order
        )
        company.intake.take([told])
        while company.fold.run() or company.digest.run():
            pass
        clock.move(timedelta(days=9))
    profile = company.profiles.of(company.identities.customer_of(HER))
    assert [amount for _, amount, *_ in profile.purchases] == [300.0]
    assert profile.kinds["bought"] == 1
