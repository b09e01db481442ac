"""One timer for all who wait: who waits too long is told so, and nobody else."""

import asyncio

import pytest

from juzhen.web.patience import Patience


def test_who_waits_too_long_is_told_and_goes_on():
    async def waits():
        patience, never = Patience(0.05), asyncio.get_running_loop().create_future()
        with pytest.raises(TimeoutError):
            await patience.whole(never)
        await asyncio.sleep(0)  # nothing of it is left in the task
        return await patience.whole(asyncio.sleep(0, "whole"))

    assert asyncio.run(waits()) == "whole"


def test_what_comes_in_time_is_handed_on_beside_who_waits_too_long():
    async def waits():
        patience, never = Patience(0.05), asyncio.get_running_loop().create_future()
        late = asyncio.create_task(patience.whole(never))
        soon = [asyncio.create_task(patience.whole(asyncio.sleep(0, n))) for n in range(50)]
        return await asyncio.gather(*soon), await asyncio.gather(late, return_exceptions=True)

    soon, (late,) = asyncio.run(waits())
    assert soon == list(range(50))
    assert isinstance(late, TimeoutError)


def test_who_is_called_off_by_somebody_else_is_not_late():
    async def waits():
        patience, never = Patience(5), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(patience.whole(never))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(waits())


def test_what_fails_while_it_is_waited_for_fails():
    async def fails():
        raise ConnectionResetError

    async def waits():
        with pytest.raises(ConnectionResetError):
            await Patience(5).whole(fails())

    asyncio.run(waits())
