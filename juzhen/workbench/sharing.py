"""Sharing (分享): a material and a rep's words on their way to one customer.

Through an account that knows her (queued, consent asked again at the last moment), or as a tracked
link that the rep sends by herself. Either way it is written down; nobody fills in a form for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from channels.touch_policy import GATE, Touch
from content_hub import scripts
from data_hub.consents import MARKETING
from data_hub.customers import Customer
from kernel.actors import Actor
from kernel.errors import Conflict, Flaw, Invalid
from kernel.events import Handle

if TYPE_CHECKING:
    from channels.accounts import Account
    from content_hub.materials import Material
    from juzhen.wiring import Platform

LINK = "link"
_REACHED_BY = {"wechat_oa": "openid", "app": "user"}
"""By which kind of handle an account of each kind can write to somebody."""
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Target:
    """One way to her."""

    key: str
    """An account's id, or ``link``."""
    name: str
    kind: str
    handle: Handle | None = None
    refuses: str = ""
    """Why it cannot be used, as a key of `kernel.wording`."""


def targets(platform: Platform, customer: Customer, material: Material) -> list[Target]:
    """Every account that knows her and shows the material, and the link last.

    A script is for the rep's mouth: its words go out alone, so no shelf and no link are asked for.
    """
    found = []
    for account in platform.accounts.all():
        handle = _handle(account, customer)
        if handle is None or not (_spoken(material) or _stands(platform, account.id, material)):
            continue
        allowed = platform.consents.allows(customer.handles, MARKETING, account.kind)
        found.append(
            Target(
                account.id, account.name, account.kind, handle,
                "" if allowed else "she_wants_nothing_here",
            )
        )  # fmt: skip
    return found if _spoken(material) else [*found, Target(LINK, "", LINK)]


def _spoken(material: Material) -> bool:
    return material.type == "script"


def _stands(platform: Platform, account: str, material: Material) -> bool:
    return material.id in platform.shelf.standing_ids(account, [material.id])


def _handle(account: Account, customer: Customer) -> Handle | None:
    wanted = _REACHED_BY.get(account.kind, "")
    return next(
        (
            handle
            for handle in reversed(customer.handles)
            if handle.kind == wanted and handle.scope == account.id
        ),
        None,
    )


def tracked_link(platform: Platform, actor: Actor, customer: Customer, material: Material) -> str:
    """The rep's own link to a material. Raises `Conflict` if it is on no shelf."""
    placed = dict.fromkeys(each.account for each in platform.shelf.of_material(material.id))
    standing = [account for account in placed if _stands(platform, account, material)]
    if not standing:
        raise Conflict("no_longer_on_shelf")
    hers = {target.key for target in targets(platform, customer, material)}
    account = next((each for each in standing if each in hers), standing[0])
    return f"{platform.base_url}/t/{platform.links.make(material.id, account, actor.staff)}"


def share(
    platform: Platform,
    actor: Actor,
    customer: Customer,
    material: Material,
    *,
    target: str,
    words: str,
    occasion: str,
    override: str = "",
) -> None:
    """Send it, or note that she sends the link. The same occasion shares once.

    Raises `Invalid` for words that may not be said or a way that does not lead to her, `Advised`
    if the touch policy is against it and she does not say why in ``override``.
    """
    words = words.strip()
    chosen = next(
        (each for each in targets(platform, customer, material) if each.key == target), None
    )
    if flaws := list(_flaws(words, chosen)):
        raise Invalid.because(flaws)
    with platform.records.write(GATE):
        if chosen is not None and chosen.handle is not None:
            platform.publishing.send(
                chosen.handle, chosen.key, occasion=occasion, purpose=MARKETING, by=actor.id,
                material="" if _spoken(material) else material.id, words=words,
                rep=actor.staff, override=override.strip(),
            )  # fmt: skip
        else:  # what goes through an account is told by its delivery, once it has gone
            platform.touch_policy.count_own(
                Touch(
                    key=f"{actor.staff}/{customer.id}/{occasion}",
                    handle=str(customer.handles[0]),
                    account=LINK,
                    channel=LINK,
                    material=material.id,
                    rep=actor.staff,
                    override=override.strip(),
                ),
                by=actor.id,
            )
            platform.changes.note(
                "sent", "material", material.id, by=actor.id, handle=str(customer.handles[0]),
                rep=actor.staff, via=target,
            )  # fmt: skip
        platform.reminders.finish_about(actor.staff, list(map(str, customer.handles)))


def _flaws(words: str, chosen: Target | None) -> list[Flaw]:
    flaws = []
    if len(words) > _LONGEST:
        flaws.append(Flaw("words", "too_long", {"limit": _LONGEST, "length": len(words)}))
    if said := scripts.forbidden(words):
        flaws.append(Flaw("words", "words_may_not_be_said", {"words": "、".join(said)}))
    if "＿＿" in words:
        flaws.append(Flaw("words", "words_have_gaps"))
    if chosen is None:
        flaws.append(Flaw("target", "no_way_to_her"))
    elif chosen.refuses:
        flaws.append(Flaw("target", chosen.refuses))
    return flaws
