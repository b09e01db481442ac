"""Calls that nobody waits for: what they come to is told, whatever becomes of those beside them."""

import pytest

from channels.deliveries.callers import Callers


def test_a_call_that_fails_takes_no_answer_with_it():
    callers = Callers()
    for outcome in ("first", ValueError("a call that failed"), "second", KeyError("another")):
        callers._owed += 1
        failed = isinstance(outcome, Exception)
        callers._came.put((None, outcome) if failed else (outcome, None))
    assert callers.come(0) == ["first", "second"]
    with pytest.raises(ValueError, match="failed"):
        callers.come(0)
    with pytest.raises(KeyError):
        callers.come(0)
    assert callers.come(0) == []
    assert callers._owed == 0
