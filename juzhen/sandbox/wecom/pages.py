"""WeCom's pages (企业微信页面): a person plays a rep, with her tasks, or one of her customers."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote, urlencode

import segno
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from juzhen.sandbox.accounts import Corp, Rep
from juzhen.sandbox.limits import Said
from juzhen.sandbox.pages import framed
from juzhen.sandbox.wecom import groups, joining, transfers
from juzhen.sandbox.wecom.control import do
from juzhen.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    """The corporation, its reps, their customers."""
    door = Blueprint("wecom", __name__, url_prefix="/wecom")

    @door.get("/<code>")
    def corp(code: str) -> str:
        one = _corp(world, code)
        moments = [each for each in world.tasks.moments(one) if each["cancelled"] is None]
        return render_template(
            "wecom/corp.html",
            corp=one,
            friends={rep.userid: world.friends.of_rep(one, rep.userid) for rep in one.reps},
            people=world.friends.people(one),
            ways=world.friends.ways(one),
            moments=moments,
        )

    @door.get("/<code>/reps/<userid>")
    def rep(code: str, userid: str) -> str:
        one = _corp(world, code)
        return render_template("wecom/rep.html", **_rep_page(world, one, _rep(one, userid)))

    @door.get("/<code>/people/<external>")
    def customer(code: str, external: str) -> str:
        one = _corp(world, code)
        person = world.friends.person(one, external)
        reps = {rep.userid: rep for rep in one.reps}
        talks = [
            (reps[row["userid"]], world.friends.talk(one, row["userid"], external))
            for row in world.friends.of_person(one, external)
            if row["userid"] in reps
        ]
        others = [rep for rep in one.reps if rep not in [each for each, _ in talks]]
        return render_template(
            "wecom/customer.html", corp=one, person=person, talks=talks, others=others,
            moments=_posted(world, one, [rep.userid for rep, _ in talks]),
            ways=world.friends.ways(one), links=world.friends.links(one),
            groups=groups.of(world, one), joining=joining.of(world, one),
            waiting=transfers.waiting(world, one, external),
            names={userid: rep.name for userid, rep in reps.items()},
        )  # fmt: skip

    _inside(door, world)
    _acts(door, world)
    return door


def _inside(door: Blueprint, world: World) -> None:
    """What pages of the company meet inside WeCom."""

    @door.get("/connect/oauth2/authorize")
    def authorize() -> str:
        """WeCom knows who holds the phone; here a person says whom she plays."""
        one, back = _corp(world, request.args.get("appid", "")), request.args["redirect_uri"]
        if not back.startswith(f"{world.readers.hub}/"):
            abort(400)
        codes = [(rep, world.friends.sign_in(one, rep.userid)) for rep in one.reps]
        state = request.args.get("state", "")
        links = [
            (rep.name, f"{back}?{urlencode({'code': code, 'state': state})}") for rep, code in codes
        ]
        return render_template("wecom/authorize.html", corp=one, links=links)

    @door.get("/codes/<number>")
    def picture(number: str) -> Response:
        """The picture of a code, as WeCom draws it for whoever has its address."""
        drawn = io.BytesIO()
        segno.make_qr(f"{request.host_url}wecom/codes/{number}").save(drawn, kind="svg", scale=4)
        return Response(drawn.getvalue(), content_type="image/svg+xml")

    @door.get("/jssdk.js")
    def jssdk() -> Response:
        """The platform's script, as far as a sidebar uses it; the chat is the one of ``?wx=``, and
        it stays open in this window."""
        return Response(_SDK, content_type="text/javascript")


_SDK = """window.ww = {register() {}, getCurExternalContact() {
  const userId = new URLSearchParams(location.search).get("wx") || sessionStorage.getItem("wx");
  if (userId) sessionStorage.setItem("wx", userId);
  return userId ? Promise.resolve({userId}) : Promise.reject(new Error("no chat"));
}, sendChatMessage() { return Promise.resolve(); },
openEnterpriseChat() { return Promise.resolve(); }};
"""


def _acts(door: Blueprint, world: World) -> None:
    @door.post("/<code>/<act>")
    def act(code: str, act: str) -> Answer:
        one, form = _corp(world, code), dict(request.form)
        do(world, one, act, form)
        back = form.get("as", "")
        if back == "rep":
            return redirect(url_for("wecom.rep", code=code, userid=form["userid"]), 303)
        if back == "customer":
            return redirect(url_for("wecom.customer", code=code, external=form["external"]), 303)
        return redirect(url_for("wecom.corp", code=code), 303)

    @door.post("/<code>/people/<external>/open")
    def open_link(code: str, external: str) -> Answer:
        """She opens a link of ours; what she saw is shown after."""
        one, url = _corp(world, code), request.form.get("url", "")
        person = world.friends.person(one, external)
        if not world.readers.ours(url):
            abort(400)
        number = world.readers.open_external(one, person, url)
        return redirect(url_for("wecom.reading", code=code, external=external, number=number), 303)

    @door.get("/<code>/people/<external>/readings/<int:number>")
    def reading(code: str, external: str, number: int) -> str:
        seen = world.readers.reading(number)
        if seen is None or seen["openid"] != external:
            abort(404)
        name = world.friends.person(_corp(world, code), external)["name"]
        back = url_for("wecom.customer", code=code, external=external)
        page = framed(seen["page"], world.readers.hub)
        return render_template("reading.html", name=name, back=back, page=page)


def _rep_page(world: World, corp: Corp, rep: Rep) -> dict[str, Any]:
    beside = quote(f"/workbench/beside/{corp.code}?wx=")
    return {
        "corp": corp,
        "rep": rep,
        "beside": f"{world.readers.hub}/login/by/{quote(corp.code)}?next={beside}",
        "tasks": [task | _words(task) for task in world.tasks.waiting(corp, rep.userid)],
        "moments": [
            moment | _words(moment)
            for moment in world.tasks.moments(corp)
            if moment["cancelled"] is None
            and any(p["userid"] == rep.userid and p["at"] is None for p in moment["posts"])
        ],
        "cards": [_card(card) for card in reversed(world.tasks.cards(corp, rep.userid))],
        "friends": world.friends.of_rep(corp, rep.userid),
    }


def _card(card: dict[str, Any]) -> dict[str, Any]:
    """What the rep sees of a message to her."""
    told = card["told"]
    face = told.get("template_card") or {}
    title = face.get("main_title") or {}
    words = (told.get("text") or {}).get("content", "")
    return card | {
        "title": title.get("title", ""),
        "text": title.get("desc", "") or words,
        "url": (face.get("card_action") or {}).get("url", ""),
    }


def _words(task: dict[str, Any]) -> dict[str, Any]:
    told = task["told"]
    links = [each["link"] for each in told.get("attachments") or () if "link" in each]
    return {"text": (told.get("text") or {}).get("content", ""), "links": links}


def _posted(world: World, corp: Corp, userids: list[str]) -> list[dict[str, Any]]:
    """What her reps have posted to their moments."""
    return [
        moment | _words(moment)
        for moment in world.tasks.moments(corp)
        if any(p["userid"] in userids and p["at"] is not None for p in moment["posts"])
    ]


def _corp(world: World, code: str) -> Corp:
    corp = world.accounts.corp(code)
    if corp is None:
        raise Said(40013)
    return corp


def _rep(corp: Corp, userid: str) -> Rep:
    rep = next((one for one in corp.reps if one.userid == userid), None)
    if rep is None:
        raise Said(60111)
    return rep
