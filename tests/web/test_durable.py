"""Waiting on the loop for a commit that is shared: nobody is forgotten, whenever it comes."""

import asyncio
from concurrent.futures import Future

import pytest

from juzhen.web.durable import Durable


class DoneJustThen(Future):
    """Committed by another thread after somebody looked and before she is to be called."""

    def done(self):
        seen = super().done()
        if not seen:
            self.set_result(None)
        return seen


def waited_for(kept):
    return asyncio.run(asyncio.wait_for(Durable().wait(kept), 20))


def test_what_is_committed_between_a_look_and_the_wait_wakes_who_waits():
    assert waited_for(DoneJustThen()) is None


def test_all_who_share_a_commit_are_told_how_it_ended():
    async def share(kept):
        durable = Durable()
        waiting = [asyncio.ensure_future(durable.wait(kept)) for _ in range(3)]
        await asyncio.sleep(0)
        kept.set_exception(OSError("full"))
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert [str(each) for each in asyncio.run(share(Future()))] == ["full"] * 3


def test_what_is_over_is_waited_for_by_nobody():
    kept = Future()
    kept.set_exception(OSError("full"))
    with pytest.raises(OSError, match="full"):
        waited_for(kept)
