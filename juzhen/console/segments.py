"""The segment pages (人群): a builder that works without scripts, who is in, and why.

A rule is one text. The builder adds a condition to it, a button counts it, another makes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from data_hub.catalogue import KINDS
from data_hub.customers import Customer, mask_trait
from data_hub.segments import Segment, read, sentence, tree, written
from data_hub.segments.behaviour import quoted
from data_hub.segments.being import CHOICES, TRAIT_OPS
from data_hub.segments.sheets import members_csv
from data_hub.segments.tree import AllOf, AnyOf, Not, Rule
from juzhen.console.desk import allowed, done, flaws_of, names_of
from juzhen.web import pages
from juzhen.web.asking import language
from kernel.actors import Actor, may
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.wording import known

if TYPE_CHECKING:
    from juzhen.wiring import Platform

CONDITIONS = (
    "did", "then", "trait", "tag", "stage", "node", "grade", "desire", "risk", "silent", "new",
    "seen", "spent", "holds", "consent", "birthday", "near", "buys", "in", "vip", "held",
)  # fmt: skip
JOINS = ("and", "or", "and not", "or not", "last and", "last or")
"""``last`` joins what is added to the last part of the rule alone, as brackets would."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_OPS = [each for each in TRAIT_OPS if each != "exists"]
_SHOWN = 50
_MANY, _LOOKS = 500, 20
"""Members looked at in one go, and how often, for a page of those that somebody may see."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/segments")
    def segments() -> str:
        allowed("read_segments")
        page = platform.segments.page(first=_SHOWN, after=request.args.get("after"), count=True)
        return pages.render(
            "console/segments.html",
            rows=[(each, rule := written(each), _in_words(platform, rule)) for each in page.items],
            sizes=platform.segments.sizes([each.id for each in page.items]),
            total=page.total,
            following=page.next,
            now=platform.clock(),
        )

    @door.get("/segments/new")
    def new_segment() -> str:
        allowed("manage_segments")
        return _builder(platform, request.args.to_dict())

    @door.post("/segments/new")
    def make_segment() -> AnyResponse | str | tuple[str, int]:
        """Add a condition, count, or make it: the button says which."""
        return _made(platform, allowed("manage_segments"))

    @door.get("/segments/<key>")
    def segment(key: str) -> str:
        allowed("read_segments")
        return _one(platform, platform.segments.one(key), request.args.to_dict())

    @door.post("/segments/<key>")
    def change_segment(key: str) -> AnyResponse | str | tuple[str, int]:
        """Edit, count, put on the list, take off, or retire: the button says which."""
        return _changed(platform, platform.segments.one(key), allowed("manage_segments"))

    @door.get("/segments/<key>/members.csv")
    def segment_csv(key: str) -> Response:
        """Ids and since when: who may see more looks there."""
        allowed("read_segments")
        found = platform.segments.one(key)
        return Response(
            members_csv(platform.segments, found), content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{found.id}.csv"'},
        )  # fmt: skip


def _made(platform: Platform, actor: Actor) -> AnyResponse | str | tuple[str, int]:
    form = request.form.to_dict()
    try:
        form, preview = _worked(platform, form)
        if form.get("act") != "make":
            return _builder(platform, form, preview=preview)
        made = platform.segments.create(
            form.get("name", ""), rule=form.get("rule", "").strip() or None,
            code=form.get("code", ""), by=actor.id,
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        return _builder(platform, form, refusal), 422
    return done("segment", "made_segment", key=made.id)


def _changed(
    platform: Platform, found: Segment, actor: Actor
) -> AnyResponse | str | tuple[str, int]:
    form = request.form.to_dict()
    act = form.get("act", "")
    try:
        if act == "retire":
            platform.segments.retire(found.id, by=actor.id)
            return done("segments", "retired_segment")
        if act in {"put", "take"}:
            handles = _handles(platform, form.get("customers", ""))
            change = platform.segments.put if act == "put" else platform.segments.take
            n = change(found.id, handles, by=actor.id)
            return done("segment", "listed_customers", n=n, key=found.id)
        form, preview = _worked(platform, form)
        if act != "make":
            return _one(platform, found, form, preview=preview)
        rule = None if found.static else form.get("rule", "").strip()
        platform.segments.edit(found.id, name=form.get("name"), rule=rule, by=actor.id)
    except (Invalid, Conflict) as refusal:
        return _one(platform, found, form, refusal), 422
    return done("segment", "edited_segment", key=found.id)


def condition(form: Mapping[str, str]) -> str:
    """One condition as the builder's fields say it; reading it checks it."""
    kind, what = form.get("kind", ""), form.get("what", "").strip()
    value, op = form.get("value", "").strip(), form.get("op", ">=")
    days = f" in {form['days'].strip()}d" if form.get("days", "").strip() else ""
    said, on = quoted(what), f" on {quoted(value)}" if value else ""
    of, told = (
        f" {word} {quoted(only)}" if (only := form.get(word, "").strip()) else ""
        for word in ("of", "on")
    )
    within = f" within {value}{'' if value[-1:].isalpha() else 'h'}" if value else ""
    written_as = {
        "did": f"did {said}{of}{told}{f' {op} {value}' if value else ''}{days}",
        "then": f"did {' then '.join(quoted(each) for each in what.split())}{within}{days}",
        "trait": f"trait {said} {op} {_valued(op, value)}" if value else f"trait {said} exists",
        "tag": f"tag {said}{f' >= {value}' if value else ''}",
        "silent": f"silent for {form.get('days', '').strip()}d",
        "new": f"new{days}",
        "seen": f"seen on {said}{days}",
        "spent": f"spent {op} {value}{days}",
        "holds": f"holds{f' {said}' if what else ''}{days.replace(' in ', ' due in ')}",
        "consent": f"consent {said if what else 'marketing'}{on}",
        "birthday": f"birthday{days or ' in 7d'}",
        "near": f"near {what} within {value or '3km'}{days}",
        "buys": f"buys in {what or 13}w{f' {op} {value}' if value else ''}",
        "in": f"in {said}",
        "vip": "vip",
        "held": "held",
    } | {name: f"{name} in ({what or value})" for name in CHOICES}  # fmt: skip
    text = written_as.get(kind)
    if text is None:
        raise Invalid("kind", "not_a_choice", choices=[*CONDITIONS])
    return tree.text(read(text))


def _valued(op: str, value: str) -> str:
    if op == "in":
        several = [_valued("=", each) for each in re.split(r"\s*[,，、]\s*", value) if each]
        return f"({', '.join(several)})"
    return value if value in {"yes", "no"} or _NUMBER.fullmatch(value) else quoted(value)


def joined(rule: Rule, join: str, added: Rule) -> Rule:
    """The rule with a condition more."""
    first, _, second = join.partition(" ")
    if first == "last":
        kind = AllOf if second == "and" else AnyOf
        if not isinstance(rule, AllOf | AnyOf) or not rule.parts:
            return _beside(kind, rule, added)
        return type(rule)((*rule.parts[:-1], _beside(kind, rule.parts[-1], added)))
    return _beside(AllOf if first == "and" else AnyOf, rule, Not(added) if second else added)


def _beside(kind: type[AllOf | AnyOf], rule: Rule, added: Rule) -> Rule:
    return kind((*(rule.parts if isinstance(rule, kind) else (rule,)), added))


def _worked(platform: Platform, form: dict[str, str]) -> tuple[dict[str, str], Any]:
    """What the form says after its button: a condition added, a rule counted."""
    if form.get("act") == "add":
        added, join = condition(form), form.get("join", "and")
        before = form.get("rule", "").strip()
        if join not in JOINS:
            raise Invalid("join", "not_a_choice", choices=[*JOINS])
        new = read(added)
        if before:
            new = joined(read(before), join, new)
        elif join.endswith("not"):
            new = Not(new)
        emptied = dict.fromkeys(("what", "value", "days", "of", "on"), "")
        form = form | emptied | {"rule": tree.text(tree.fits(new))}
    rule = form.get("rule", "").strip()
    return form, platform.previews.preview(rule) if rule else None


def _handles(platform: Platform, text: str) -> list[str]:
    """The handles behind what was typed, one customer a line: an id, a phone, any handle."""
    found, missing = [], []
    for line in filter(None, map(str.strip, text.splitlines())):
        known = platform.identities.find(line)
        if line.startswith("cus_"):
            try:
                known = [platform.identities.resolve(line)]
            except NotFound:
                known = []
        if len(known) != 1:
            missing.append(line)
            continue
        found += [str(handle) for handle in platform.identities.handles(known[0])]
    if missing:
        raise Invalid("customers", "unknown_customers", customers=missing[:5])
    return found


def _in_words(platform: Platform, rule: str) -> str:
    """What a rule says, in the reader's words; empty for none, and for one that cannot be read."""
    try:
        return sentence(read(rule), language(), partial(_called, platform)) if rule else ""
    except Invalid:
        return ""


def _called(platform: Platform, sort: str, name: str) -> str:
    """What people call something that a rule names; empty for what nobody knows."""
    if sort == "tag":
        tag = platform.taxonomy.now().find(name)
        return tag.label(language()) if tag else ""
    if sort == "account":
        named = {key: each.name for each in platform.accounts.all() for key in (each.id, each.code)}
        return named.get(name, "")
    if sort == "channel":
        return pages.speak(key) if known(key := f"account_kind_{name}") else ""
    if sort == "segment":
        return next((each.name for each in platform.segments.all() if each.code == name), "")
    found = platform.materials.many({name})
    return f"《{found[name].title}》" if name in found else ""


def _parts(platform: Platform, rule: str) -> dict[str, Any]:
    tongue = language()
    return {
        "conditions": [(each, pages.speak(f"condition_{each}")) for each in CONDITIONS],
        "joins": [(each, pages.speak(f"join_{each.replace(' ', '_')}")) for each in JOINS],
        "ops": [
            (each, pages.speak(f"trait_op_{each}") if each.isalpha() else each) for each in _OPS
        ],
        "accounts": [("", ""), *((each.id, each.name) for each in platform.accounts.all())],
        "kinds": [(kind.name, kind.label(tongue)) for kind in KINDS.values()],
        "choices": CHOICES,
        "others": platform.segments.all(),
        "words": _in_words(platform, rule.strip()),
    }


def _builder(
    platform: Platform, form: Mapping[str, str], refusal: Problem | None = None, preview: Any = None
) -> str:
    return pages.render(
        "console/segment_new.html", typed=form, preview=preview,
        flaws=flaws_of(refusal) if refusal else (), **_parts(platform, form.get("rule", "")),
    )  # fmt: skip


def _known_members(
    platform: Platform, actor: Actor, segment: Segment
) -> tuple[list[Customer], str | None]:
    """Members whom the asker may see, a page of them, and after whom it goes on: of a large segment
    a lead may know few, so much is looked through for him."""
    seen, after = platform.customers.seen_by(actor), request.values.get("after", "")
    found: list[Customer] = []
    for few in (_SHOWN, *[_MANY] * _LOOKS):
        ids = platform.segments.members(segment.id, after, few)
        known = seen.many(ids)
        for after in ids:
            if after in known:
                found.append(known[after])
            if len(found) == _SHOWN:
                return found, after
        if len(ids) < few:
            return found, None
    return found, after


def _one(
    platform: Platform,
    segment: Segment,
    form: Mapping[str, str],
    refusal: Problem | None = None,
    preview: Any = None,
) -> str:
    actor = allowed("read_segments")
    names = may(actor, "read_customers")
    customers, following = _known_members(platform, actor, segment) if names else ([], None)
    asked, why = form.get("customer", "").strip(), None
    if asked and names:
        her = platform.customers.seen_by(actor).one(asked)
        mask = partial(mask_trait, language=language()) if her.masked else None
        why = platform.previews.explain(segment.id, her.id, language(), mask=mask)
    rule = form.get("rule") or written(segment)
    history = platform.segments.history(segment.id)
    return pages.render(
        "console/segment.html",
        segment=segment,
        rule=rule,
        size=platform.segments.sizes([segment.id])[segment.id],
        names=names,
        customers=customers,
        following=following,
        some=actor.reach is not None,
        now=platform.clock(),
        typed=form,
        asked=asked,
        why=why,
        preview=preview,
        history=history,
        people=names_of(platform, (each.by for each in history)),
        flaws=flaws_of(refusal) if refusal else (),
        **_parts(platform, rule),
    )
