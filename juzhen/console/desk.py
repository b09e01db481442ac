"""What every page of the console needs (工作台面): who works here, and what a form said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from content_hub.materials import Material
from content_hub.tags import Tag
from data_hub.customers import CustomersSeen
from juzhen.web.asking import asker, language
from kernel.actors import Actor, require
from kernel.calendar import Zone
from kernel.errors import Conflict, Flaw, Forbidden, Invalid, NotFound, Problem
from kernel.wording import say
from stores.changes import Change

if TYPE_CHECKING:
    from juzhen.wiring import Platform


_COMMAS = re.compile(r"[,，、;；\n]+")
_MOST_TAGS = 20


def allowed(verb: str) -> Actor:
    """Whoever asks, if she may do that."""
    actor = asker()
    require(actor, verb)
    return actor


def seen(actor: Actor, platform: Platform, key: str) -> Material:
    """The material, if she may see it; otherwise there is none."""
    material = platform.materials.one(key)
    units = actor.seen_units
    if units is not None and material.unit not in units:
        raise NotFound("material", key)
    return material


def seen_all(actor: Actor, platform: Platform, ids: Collection[str]) -> list[Material]:
    """The same for several by their ids, if she may see all of them."""
    found, units = platform.materials.many(set(ids)), actor.seen_units
    for each in ids:
        if each not in found or (units is not None and found[each].unit not in units):
            raise NotFound("material", each[:80])
    return list(found.values())


def managed(actor: Actor, unit: str) -> None:
    """Raise `Forbidden` unless she works for that unit's content."""
    if actor.own_units is not None and unit not in actor.own_units:
        raise Forbidden("content_of_another_unit")


def done(endpoint: str, said: str, *, n: int | None = None, **values: Any) -> Response:
    """Back to a page that says what was done, so that loading it again does nothing twice."""
    if n is not None:
        values["n"] = n
    return redirect(url_for(f"console.{endpoint}", said=f"done_{said}", **values), 303)


def typed_moment(zone: Zone, name: str) -> datetime | None:
    """A date and time as typed: in the company's zone, unless it names one itself."""
    text = request.values.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(name, "not_a_moment") from None
    if moment.tzinfo:
        return moment
    there = moment.replace(tzinfo=zone.info)
    if (later := zone.local(there.astimezone(UTC))).replace(tzinfo=None) != moment:
        raise Invalid(name, "moment_does_not_exist", later=later.strftime("%Y-%m-%d %H:%M"))
    return there


def flaws_of(problem: Problem) -> Sequence[Flaw]:
    """Everything a refusal minds, to stand beside the fields."""
    if isinstance(problem, Invalid):
        return problem.flaws
    field = problem.field if isinstance(problem, Conflict) else ""
    return (Flaw(field, problem.reason, problem.facts),)


def names(platform: Platform, changes: Iterable[Change]) -> dict[str, str]:
    """Who did it, by name where it was a person."""
    return names_of(platform, (change.by for change in changes))


def names_of(platform: Platform, ids: Iterable[str]) -> dict[str, str]:
    """The names of those that are people."""
    return {id_: person.name for id_, person in platform.staff.many(set(ids)).items()}


def tag_options(platform: Platform) -> list[str]:
    """Every tag as it is typed into a form."""
    tongue = language()
    tree = platform.taxonomy.now()
    options = []
    for facet in platform.taxonomy.facets():
        title = facet.en if tongue == "en" else facet.zh
        options += [
            f"{title} · {tag.label(tongue)}"
            for tag in tree.by_id.values()
            if tag.facet == facet.code and tag.merged_into is None
        ]
    return options


def typed_tag(platform: Platform, text: str, field: str = "tag") -> Tag:
    """The tag somebody typed: as offered, by its code, or anything it is found by."""
    if (known := platform.taxonomy.now().find(text)) is not None:
        return known
    label = text.rpartition(" · ")[2].strip()
    facets = {
        name: facet.code for facet in platform.taxonomy.facets() for name in (facet.zh, facet.en)
    }
    facet = facets.get(text.rpartition(" · ")[0].strip(), "")
    found = platform.taxonomy.find(label, facet=facet, limit=1)
    if not found:
        raise Invalid(field, "unknown_tag", tag=text[:60])
    return found[0]


def typed_rep(platform: Platform, field: str, *, gone: bool = False) -> str:
    """The id of whoever was typed, by name or code; one who left counts where she may be meant.
    Raises `Invalid` for nobody and for several."""
    word = request.form.get(field, "").strip()
    found = platform.staff.called([word], gone=gone).get(word, [])
    if len(found) != 1:
        reason = "several_reps_called_so" if found else "no_such_rep"
        raise Invalid(field, reason, rep=word[:60])
    return found[0]


def known_as(seen: CustomersSeen, word: str, field: str) -> str:
    """The id of a customer by her id, or by a name or phone number that is one's alone. Raises
    `Invalid` for nobody and for several."""
    if not word:
        raise Invalid(field, "missing")
    try:
        return seen.one(word).id
    except NotFound:
        called = seen.page(text=word, first=2).items
    if len(called) != 1:
        reason = "several_customers" if called else "no_such_customer"
        raise Invalid(field, reason, who=word[:60])
    return called[0].id


def listed(text: str) -> list[str]:
    """What was typed between commas or on lines of its own, each once."""
    return list(dict.fromkeys(each.strip() for each in _COMMAS.split(text) if each.strip()))


def typed_tags(platform: Platform, name: str) -> list[Tag]:
    """All tags of one field, which may come several times, or hold several between commas."""
    named = listed("\n".join(request.values.getlist(name)))
    if len(named) > _MOST_TAGS:
        raise Invalid(name, "too_many_names", limit=_MOST_TAGS)
    return [typed_tag(platform, each, name) for each in named]


def by_facet(platform: Platform, tags: Iterable[Tag]) -> list[tuple[Any, list[Tag]]]:
    """Tags under their facets, in the facets' own order."""
    kept = list(tags)
    return [
        (facet, own)
        for facet in platform.taxonomy.facets()
        if (own := [tag for tag in kept if tag.facet == facet.code])
    ]


def account_names(platform: Platform) -> dict[str, str]:
    """What people call each account that an event came through, by its id; our own acts came
    through ourselves."""
    ours = {"juzhen": say("account_ourselves", language())}
    return ours | {each.id: each.name for each in platform.accounts.all()}
