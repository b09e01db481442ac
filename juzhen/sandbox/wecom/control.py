"""WeCom's part of the control door (企业微信控制): what people do there, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from juzhen.sandbox.accounts import Corp
from juzhen.sandbox.limits import Said
from juzhen.sandbox.wecom import acquisition, groups, joining, transfers
from juzhen.sandbox.world import World


def corp_of(world: World, name: str) -> Corp:
    """By its id or what the hub calls it; without a name the only one there is."""
    corps = world.accounts.corps()
    if not name and len(corps) == 1:
        return corps[0]
    if corp := world.accounts.corp(name):
        return corp
    raise Said(40013)


def acts(door: Blueprint, world: World, told: Callable[[], dict[str, Any]]) -> None:
    """Everything a rep or a customer may do, and the lists of what happened."""

    @door.post("/wecom/<act>")
    def wecom_act(act: str) -> Response:
        asked = told()
        corp = corp_of(world, str(asked.pop("corp", "")))
        do(world, corp, act, {name: str(value) for name, value in asked.items()})
        return jsonify(ok=True)

    @door.get("/wecom")
    def wecom_seen() -> Response:
        corp = corp_of(world, request.args.get("corp", ""))
        return jsonify(
            people=[dict(row) for row in world.friends.people(corp)],
            friends=[
                dict(row) for one in corp.reps for row in world.friends.of_rep(corp, one.userid)
            ],
            heard=world.friends.heard(),
            tasks=[
                task | {"sends": world.tasks.sends(task["msgid"])} for task in world.tasks.all(corp)
            ],
            moments=world.tasks.moments(corp),
            cards=world.tasks.cards(corp),
            ways=world.friends.ways(corp),
            links=world.friends.links(corp),
            joining=joining.of(world, corp),
            groups=[dict(row) for row in groups.of(world, corp)],
            transfers=transfers.of(world, corp),
            tags=[dict(row) for row in world.friends.tags(corp)],
        )


def do(world: World, corp: Corp, act: str, told: dict[str, str]) -> None:
    """One act of somebody. Says 40066 for an act that there is not."""
    rep, external = told.get("userid", ""), told.get("external", "")
    friends, tasks = world.friends, world.tasks
    known: dict[str, Callable[[], object]] = {
        "add": lambda: friends.add(corp, rep, external, told.get("state", "")),
        "scan": lambda: friends.scan(corp, told.get("state", ""), external),
        "click": lambda: acquisition.click(
            world, corp, told.get("link", ""), external, told.get("channel", "")
        ),
        "group": lambda: groups.open_group(world, corp, rep, told.get("name", "")),
        "join": lambda: groups.join(world, corp, told.get("chat", ""), external),
        "scan_group": lambda: joining.scan(world, corp, told.get("state", ""), external),
        "quit": lambda: groups.leave(world, corp, told.get("chat", ""), external),
        "resign": lambda: transfers.resign(world, corp, rep),
        "refuse_transfer": lambda: transfers.refuse(world, corp, external),
        "leave": lambda: friends.leave(corp, rep, external),
        "remove": lambda: friends.remove(corp, rep, external),
        "say": lambda: friends.say(corp, rep, external, told.get("text", "")),
        "answer": lambda: friends.say(corp, rep, external, told.get("text", ""), ours=True),
        "confirm": lambda: tasks.confirm(corp, rep, told.get("msgid", "")),
        "post": lambda: tasks.post(corp, rep, told.get("moment", "")),
        "like": lambda: tasks.answer_moment(corp, told.get("moment", ""), rep, external),
        "comment": lambda: tasks.answer_moment(
            corp, told.get("moment", ""), rep, external, told.get("text", "")
        ),
    }
    if act not in known:
        raise Said(40066)
    known[act]()
