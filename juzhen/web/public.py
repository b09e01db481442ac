"""Public pages (客户页面): tracked links, a material's own page, and the files it shows.

Whoever holds a link may read; an opening is counted under a first-party cookie and no more is
kept of her: no address, no device. Whether she may still read is asked of the shelf every time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from flask import Blueprint, Response, g, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse
from werkzeug.wsgi import wrap_file

from content_hub import filming, qr
from content_hub.campaigns import DISCOUNT
from content_hub.materials import Material
from content_hub.materials.variants import Varied
from content_hub.tracking import Link
from data_hub.findings import referral_code
from data_hub.intake import is_bot
from engagement.customer_acts import Said, Visit
from juzhen.web.asking import asker
from juzhen.web.cards import BusinessCard, card_of
from juzhen.web.pages import page
from kernel import logs
from kernel.actors import require
from kernel.errors import Conflict, Flaw, Forbidden, Invalid, NotFound, Overloaded
from kernel.events import Event, Handle
from kernel.ids import new_id
from kernel.wording import say
from matching.speaking import language_of, spoken

if TYPE_CHECKING:
    from juzhen.wiring import Platform

COOKIE = "jz_c"
_YEAR = 365 * 86_400
_SIGNED = 3_600
"""Seconds that an address of a file store serves; whoever kept it asks again long before."""
_COOKIE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_BEATS = frozenset({"turned_page", "finished_material", "played_video"})
_LONGEST = 3_600
_WHOLE = 100
"""Per cent off with which it costs nothing."""
_READING = {
    "style-src-attr": "'unsafe-inline'",  # what richtext leaves of an editor's styles
    "img-src": "'self' data: https:",
    "media-src": "'self' https:",
}


def blueprint(platform: Platform) -> Blueprint:
    """The doors that customers come to, and the one that files come in by."""
    door = Blueprint("public", __name__)
    reader = _Reader(platform)

    @door.get("/t/<code>")
    def follow(code: str) -> AnyResponse:
        """Count the opening, then on to the content, or say that it is over."""
        link = platform.links.open(code)
        if link is None:
            raise NotFound("link", code[:20])
        if not reader.stands(link):
            return reader.expired(link)
        reader.tell("opened_link", link)
        return reader.known(redirect(f"/c/{link.material}?t={code}"))

    @door.get("/c/<key>")
    def read(key: str) -> AnyResponse:
        material = platform.materials.one(key)
        link = reader.link(material)
        if not reader.stands(link):
            return reader.expired(link)
        return reader.show(material, link)

    @door.post("/c/<key>/beat")
    def beat(key: str) -> AnyResponse:
        """How long and how far, told by the page itself when it is left."""
        material = platform.materials.one(key)
        did = request.form.get("did", "")
        if did in _BEATS and _COOKIE.fullmatch(request.cookies.get(COOKIE, "")):
            told = {
                "seconds": min(_whole(request.form.get("seconds")), _LONGEST),
                "page": min(_whole(request.form.get("page")), 1_000),
            }
            reader.tell(did, reader.link(material), **told)
        return Response(status=204)

    @door.post("/media")
    def take() -> AnyResponse:
        """An editor's upload: the bytes are the body."""
        actor = asker()
        require(actor, "upload_media")
        name = unquote(request.headers.get("X-File-Name", ""))
        media = platform.media.take(request.get_data(), by=actor.id, name=name)
        answer = jsonify(
            id=media.id, kind=media.kind, size=media.size, pages=media.pages,
            seconds=media.seconds,
        )  # fmt: skip
        answer.status_code = 201
        return answer

    @door.get("/media/<id_>/<rendition>")
    def serve(id_: str, rendition: str) -> AnyResponse:
        return _file(platform, id_, rendition)

    _install_pictures(door, platform)
    _install_acts(door, platform, reader)
    return door


def _install_pictures(door: Blueprint, platform: Platform) -> None:
    @door.get("/t/<code>/qr.<any(svg, png):form>")
    def draw(code: str, form: str) -> AnyResponse:
        """The link as a picture to be scanned. Only ours are drawn, and drawing counts nothing."""
        if platform.links.open(code) is None:
            raise NotFound("link", code[:20])
        answer = Response(
            qr.picture(f"{platform.base_url.rstrip('/')}/t/{code}", form),
            content_type=qr.TYPES[form],
        )
        answer.headers["Cache-Control"] = "private, max-age=86400"
        answer.headers["Content-Disposition"] = f'inline; filename="link.{form}"'
        g.policy = {"sandbox": ""}
        return answer


def _install_acts(door: Blueprint, platform: Platform, reader: _Reader) -> None:
    @door.get("/a/<code>")
    def to_app(code: str) -> AnyResponse:
        """On to where the app is got, counted for whoever's link it is."""
        link, onward = platform.app_links.open(code)
        reader.tell("opened_app_link", link)
        return reader.known(redirect(onward))

    @door.post("/c/<key>/act")
    def act(key: str) -> AnyResponse:
        """What she does next: the button says what."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Forbidden("form_of_another_site")
        return reader.act(platform.materials.one(key))


class _Reader:
    """Whoever reads: what she may see, and what is told of it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def link(self, material: Material) -> Link:
        """By which link she came; none is fine, another material's is none."""
        told: Link | None = self._platform.links.open(request.values.get("t", "")[:400])
        if told is not None and told.material == material.id:
            return told
        return Link(material.id, "", "")

    def stands(self, link: Link) -> bool:
        """On the shelf of that account at this moment; without a link, on any. A rep's own link
        opens also what VIPs are shown first: she knows whom she gave it to."""
        early = bool(link.rep)
        return bool(self._platform.shelf.standing_ids(link.account, [link.material], early=early))

    def show(self, material: Material, link: Link) -> AnyResponse:
        if "page" not in request.args and "said" not in request.args:
            self.tell("read_material", link)
        code = request.args.get("t", "") if link.account else ""
        return self.known(sheet(self._platform, material, link=code, rep=self._rep(link)))

    def act(self, material: Material) -> AnyResponse:
        """Done once, told on the page that it leads back to; what is missing stands beside it."""
        link, form = self.link(material), request.form
        visit = Visit(
            material.id, Handle("cookie", "", self._cookie()), link.account, link.rep,
            self._ecosystem(link.account),
        )  # fmt: skip
        said = Said(
            form.get("phone", ""), "agreed" in form, form.get("text", ""), form.get("when", "")
        )  # fmt: skip
        code = request.values.get("t", "") if link.account else ""
        try:
            told = self._platform.customer_acts.do(form.get("act", ""), visit, said)
        except (Invalid, Conflict) as refusal:
            flaws = flaws_of(refusal)
            shown = sheet(self._platform, material, link=code, rep=self._rep(link), flaws=flaws)
            shown.status_code = 422
            return self.known(shown)
        if told.draw is not None:
            said_key = "done_won" if told.draw.won else "done_drew_blank"
        else:
            said_key = f"done_{told.act}"
        query = {"t": code, "said": said_key} if code else {"said": said_key}
        return self.known(redirect(f"/c/{material.id}?{urlencode(query)}#act", 303))

    def expired(self, link: Link) -> AnyResponse:
        """What she came for is no longer shown; that she came is counted all the same."""
        self.tell("opened_expired_link", link)
        return self.known(page("expired.html", 410, rep=self._rep(link)))

    def tell(self, kind: str, link: Link, **detail: Any) -> None:
        """One event under her cookie. A page is shown even if it cannot be counted."""
        if request.method != "GET" and kind not in _BEATS:
            return
        if is_bot(request.headers.get("User-Agent", "")) or _fetched_ahead():
            detail["bot"] = True
        if link.customer:
            detail["link"] = self._platform.links.make(*link)
        if code := referral_code(request.args.get("referral", "")):
            detail["referral"] = code
        event = Event(
            id=new_id("evt"), kind=kind, at=self._platform.clock(),
            account=link.account or "juzhen", ecosystem=self._ecosystem(link.account),
            handle=Handle("cookie", "", self._cookie()), material=link.material, rep=link.rep,
            detail=detail,
        )  # fmt: skip
        try:
            self._platform.intake.take([event], door="link")
        except Overloaded:
            logs.warning("opening_not_counted", kind=kind, material=link.material)

    def known(self, answer: AnyResponse) -> AnyResponse:
        """Remember her browser, and nothing else about it."""
        answer = make_response(answer)
        answer.set_cookie(
            COOKIE, self._cookie(), max_age=_YEAR, httponly=True, samesite="Lax",
            secure=request.is_secure,
        )  # fmt: skip
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    @staticmethod
    def _cookie() -> str:
        if "customer" not in g:
            told = request.cookies.get(COOKIE, "")
            g.customer = told if _COOKIE.fullmatch(told) else secrets.token_urlsafe(18)
        return str(g.customer)

    def _rep(self, link: Link) -> BusinessCard | None:
        return card_of(self._platform, link.rep)

    def _ecosystem(self, account: str) -> str:
        try:
            return str(self._platform.accounts.one(account).ecosystem) if account else "own_app"
        except NotFound:
            return ""


def sheet(
    platform: Platform, material: Material | Varied, *, link: str = "",
    rep: BusinessCard | None = None,
    counted: bool = True, flaws: Sequence[Flaw] = (),
) -> Response:  # fmt: skip
    """A material's own page; not ``counted`` is an editor's preview."""
    told = platform.links.open(link) if link else None
    material = Varied(material, told.account if told else "", _tongue(material))
    pages = _pages(platform, material)
    tongue = language_of(material.body)
    g.policy = _READING
    return page(
        "material.html",
        material=material,
        kind=platform.types.one(material.type),
        link=link,
        pages=pages,
        turned=min(max(_whole(request.args.get("page")), 1), max(pages, 1)),
        rep=rep,
        spoken=spoken(
            material.body,
            salutation=say("dear_customer", tongue),
            rep=rep.name if rep else say("your_advisor", tongue),
        ),
        step=_step(material.fields),
        flaws=flaws,
        typed=request.form,
        drawing=_drawing(platform, material.id, told) if counted else "",
        discount=_discount(platform, material.id, told),
        likes=_likes(platform, material),
        counted=counted,
        still=bool(filming.program()),
        film=_film(platform, material),
    )


def _tongue(material: Material | Varied) -> str:
    """The language she is told it in, of those it is said in: what the address says, else what
    her browser asks for."""
    there = {where.partition("/")[2] for where in material.variants} - {""}
    chosen = request.args.get("lang", "")
    if chosen or not there:
        return chosen if chosen in there else ""
    best = request.accept_languages.best_match(["zh-CN", "zh", *sorted(there)], "zh")
    return best if best in there else ""


def _drawing(platform: Platform, material: str, told: Link | None) -> str:
    """The campaign whose prizes she may draw for on this page."""
    return str(platform.customer_acts.offered(material, told.account if told else ""))


def _discount(platform: Platform, material: str, told: Link | None) -> Sequence[tuple[str, Any]]:
    """What the campaign for which it is shown takes off now, and what from when on: sentences and
    what completes them."""
    campaign = platform.customer_acts.campaign(material, told.account if told else "")
    held = platform.parameters.held(campaign, DISCOUNT) if campaign else None
    if held is None:
        return ()
    steps = (("now", held.value, ""), ("later", held.next_value, held.next_at))
    return [
        (
            f"discount_{when}{'_free' if value >= _WHOLE else ''}",
            {"percent": f"{value:g}", "at": at},
        )
        for when, value, at in steps
        if value
    ]


def _likes(platform: Platform, material: Varied) -> int:
    """How many customers liked it, where it is one of them who speaks."""
    told = "liked_material" in platform.types.one(material.type).tracking
    return platform.receptions.likes(material.id) if told else 0


def flaws_of(refusal: Invalid | Conflict) -> Sequence[Flaw]:
    """Everything a refusal minds, to stand beside the fields."""
    if isinstance(refusal, Invalid):
        return refusal.flaws
    return (Flaw("", refusal.reason, refusal.facts),)


def _pages(platform: Platform, material: Varied) -> int:
    document = material.fields.get("document")
    try:
        return platform.media.pages(document) if document else 0
    except NotFound:
        return 0


def _film(platform: Platform, material: Varied) -> str:
    """How long its film runs; empty where nothing is known of that."""
    film = material.fields.get("video")
    try:
        seconds = platform.media.one(film).seconds if film else 0
    except NotFound:
        return ""
    return filming.length(seconds) if seconds else ""


def _step(fields: Mapping[str, Any]) -> tuple[str, str]:
    """What she can do next, and where; the address may be missing."""
    for name in ("next_url", "web_url", "room_url", "source_url"):
        if fields.get(name):
            return str(fields.get("next_step") or ""), str(fields[name])
    return str(fields.get("next_step") or ""), ""


def _fetched_ahead() -> bool:
    """A browser that loads what might be wanted, or a messenger that draws a preview."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("X-Purpose", "")
    return "prefetch" in purpose or "preview" in purpose


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _file(platform: Platform, id_: str, rendition: str) -> AnyResponse:
    """A file never changes under its address, so whoever has it keeps it."""
    media = platform.media.one(id_)
    if address := platform.media.address(
        id_, rendition, seconds=_SIGNED, shown_as=f"{id_}-{rendition}"
    ):
        answer = redirect(address)
        answer.headers["Cache-Control"] = f"public, max-age={_SIGNED // 4}"
        return answer
    etag = f"{media.digest[:32]}-{rendition}"
    file, content_type = platform.media.open(id_, rendition)
    size = file.seek(0, 2)
    file.seek(0)
    answer = Response(
        wrap_file(request.environ, file, 1 << 16),
        content_type=content_type,
        direct_passthrough=True,
    )
    answer.content_length = size
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    shown = "attachment" if content_type == "application/pdf" else "inline"
    extension = content_type.partition("/")[2].replace("jpeg", "jpg")
    answer.headers["Content-Disposition"] = f'{shown}; filename="{id_}-{rendition}.{extension}"'
    g.policy = {"sandbox": "", "img-src": "'self'"}
    return answer.make_conditional(request, accept_ranges=True, complete_length=size)
