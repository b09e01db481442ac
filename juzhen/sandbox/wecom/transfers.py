"""Transfers (客户接替): this part of WeCom's interface, and customers who say no.

After a day a customer who said nothing is the other rep's; the first is told that she is not hers.
"""

from __future__ import annotations

from typing import Any

from juzhen.sandbox import limits
from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom.calls import Asked, Told, call, stretch, text_of
from juzhen.sandbox.world import World

WAITS, DONE, REFUSED = 2, 1, 3


def resigned(world: World, corp: Corp) -> list[str]:
    """Reps who work there no more."""
    left: list[str] = world.ledger.fact(f"resigned:{corp.appid}", [])
    return left


def resign(world: World, corp: Corp, userid: str) -> None:
    """She leaves the company; her customers wait for somebody."""
    if userid not in {one.userid for one in corp.reps}:
        raise Said(60111)
    world.ledger.keep(f"resigned:{corp.appid}", sorted({*resigned(world, corp), userid}))


def of(world: World, corp: Corp) -> list[dict[str, Any]]:
    """Every hand-over that was asked for, as far as it is now."""
    settle(world, corp)
    kept: list[dict[str, Any]] = world.ledger.fact(f"transfers:{corp.appid}", [])
    return kept


def waiting(world: World, corp: Corp, external: str) -> list[dict[str, Any]]:
    """Those of hers to which she may still say no."""
    return [
        one for one in of(world, corp) if one["external"] == external and one["status"] == WAITS
    ]


def settle(world: World, corp: Corp) -> None:
    """End what has waited for a day."""
    kept, now = world.ledger.fact(f"transfers:{corp.appid}", []), world.clock.seconds()
    for one in kept:
        if one["status"] == WAITS and now - one["asked"] >= limits.TRANSFER_SECONDS:
            one["status"], one["at"] = DONE, now
            world.friends.hand_over(corp, one["from"], one["to"], one["external"])
    world.ledger.keep(f"transfers:{corp.appid}", kept)


def refuse(world: World, corp: Corp, external: str) -> None:
    """She does not want the other rep."""
    kept = of(world, corp)
    for one in kept:
        if one["external"] == external and one["status"] == WAITS:
            one["status"], one["at"] = REFUSED, world.clock.seconds()
            world.friends.refuse_transfer(corp, one["to"], external)
    world.ledger.keep(f"transfers:{corp.appid}", kept)


@call("externalcontact/transfer_customer")
def _transfer(world: World, corp: Corp, asked: Asked) -> Told:
    return _asked(world, corp, asked, left=False)


@call("externalcontact/resigned/transfer_customer")
def _transfer_of_resigned(world: World, corp: Corp, asked: Asked) -> Told:
    return _asked(world, corp, asked, left=True)


def _asked(world: World, corp: Corp, asked: Asked, *, left: bool) -> Told:
    giver, taker = text_of(asked, "handover_userid"), text_of(asked, "takeover_userid")
    known = {one.userid for one in corp.reps}
    if not {giver, taker} <= known or (giver in resigned(world, corp)) != left:
        raise Said(60111)
    externals = asked.get("external_userid")
    if not isinstance(externals, list) or not 1 <= len(externals) <= limits.TRANSFERRED_AT_ONCE:
        raise Said(40058, "external_userid")
    words = asked.get("transfer_success_msg", "")
    if not isinstance(words, str) or len(words) > limits.TRANSFER_WORDS:
        raise Said(40058, "transfer_success_msg")
    kept, rows = of(world, corp), []
    for each in externals:
        code = _minds(world, corp, giver, str(each), kept)
        rows.append({"external_userid": each, "errcode": code})
        if code == 0:
            kept.append({
                "external": each, "from": giver, "to": taker, "left": left, "status": WAITS,
                "asked": world.clock.seconds(), "at": None,
            })  # fmt: skip
    world.ledger.keep(f"transfers:{corp.appid}", kept)
    return {"customer": rows}


def _minds(world: World, corp: Corp, giver: str, external: str, kept: list[Any]) -> int:
    """Why the platform will not hand her over; 0 if it will."""
    if world.friends.friend(corp, giver, external) is None:
        return 40096
    hers = [one for one in kept if one["external"] == external]
    if any(one["status"] == WAITS for one in hers):
        return 40129
    since = world.clock.seconds() - limits.TRANSFER_DAYS * 86_400
    done = sum(one["status"] == DONE and one["at"] > since for one in hers)
    return 40128 if done >= limits.TRANSFERS else 0


@call("externalcontact/transfer_result")
def _result(world: World, corp: Corp, asked: Asked) -> Told:
    return _results(world, corp, asked, left=False)


@call("externalcontact/resigned/transfer_result")
def _result_of_resigned(world: World, corp: Corp, asked: Asked) -> Told:
    return _results(world, corp, asked, left=True)


def _results(world: World, corp: Corp, asked: Asked, *, left: bool) -> Told:
    pair = (text_of(asked, "handover_userid"), text_of(asked, "takeover_userid"), left)
    rows = [
        {"external_userid": one["external"], "status": one["status"],
         "takeover_time": int(one["at"] or 0)}
        for one in of(world, corp)
        if (one["from"], one["to"], one["left"]) == pair
    ]  # fmt: skip
    page, onward = stretch(rows, asked, 1_000)
    return {"customer": page, "next_cursor": onward}


@call("externalcontact/get_unassigned_list")
def _unassigned(world: World, corp: Corp, asked: Asked) -> Told:
    rows = [
        {"handover_userid": userid, "external_userid": row["external"],
         "dimission_time": int(row["since"])}
        for userid in resigned(world, corp)
        for row in world.friends.of_rep(corp, userid)
    ]  # fmt: skip
    page, onward = stretch(rows, asked, 1_000)
    return {"info": page, "is_last": not onward, "next_cursor": onward}
