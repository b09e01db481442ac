"""Which topics suit a persona or an occasion, as the company says."""

import pytest

from kernel.errors import Conflict


@pytest.mark.parametrize(("words", "topic"), [(["退休"], "养老社区"), ([" 退休 "], " 养老社区 ")])
def test_a_rule_is_there_once_however_it_is_spelled(company, words, topic):
    made = company.affinities.add(["退休 "], "养老社区 ", by="li")
    assert (made.words, made.topic) == (["退休"], "养老社区")
    with pytest.raises(Conflict):
        company.affinities.add(words, topic, by="li")
