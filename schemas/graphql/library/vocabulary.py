"""The vocabulary (标签体系) as GraphQL tells it: acts on tags, their undo, tagging what is found.

Making, renaming and merging stand with the other verbs of the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from content_hub.materials import Material as MaterialRecord
from content_hub.suggestions import Answer, Answered
from content_hub.suggestions import Proposal as ProposalRecord
from content_hub.tagging_runs import Chosen
from content_hub.tagging_runs import TaggingRun as RunRecord
from content_hub.tags import Tag as TagRecord
from content_hub.tags import TagAct as ActRecord
from kernel.actors import require, require_own
from kernel.errors import Invalid
from kernel.ids import page_size
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes
from schemas.graphql.library.verbs import all_managed
from schemas.graphql.shapes import Moment, ids, key, or_usual, texts, verb
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]
_AT_ONCE = 20
"""Slices that the question itself does; the rest is the worker's."""


class TagAct(ObjectType):
    """One act on the vocabulary."""

    id = graphene.ID(required=True)
    act = graphene.String(
        required=True,
        description="`created_tag`, `renamed_tag`, `moved_tag`, `merged_tag`, `retired_tag` or"
        " `related_tag`.",
    )
    tag = graphene.Field(shapes.Tag, resolver=lambda act, ask: ask.context.tree.find(act.tag))
    by = graphene.String(required=True)
    at = Moment(required=True)
    undone = Moment()


def _acts(
    source: None, ask: Ask, tag: str | None = None, first: int | None = None
) -> list[ActRecord]:
    context: Context = ask.context
    require(context.actor, "read_library")
    about = context.taxonomy.one(tag).id if tag else ""
    return context.taxonomy.acts.latest(page_size(or_usual(first)), tag=about)


def _run(source: None, ask: Ask, id: str) -> RunRecord:
    context: Context = ask.context
    require(context.actor, "tag_materials")
    return context.tagging_runs.one(id)


def move_tag(ask: Ask, sent: Sent) -> TagRecord:
    """Hang a tag, with what lies under it, under another of its facet; without one at the top."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.move(sent["tag"], sent.get("parent"), by=context.actor.id)


def retire_tag(ask: Ask, sent: Sent) -> TagRecord:
    """A tag, and what lies under it, goes on nothing more; what wears it keeps it."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.retire(sent["tag"], by=context.actor.id)


def relate_tags(ask: Ask, sent: Sent) -> TagRecord:
    """Say which other tags somebody looking for this one may want; it is said on both."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.relate(sent["tag"], sent["related"], by=context.actor.id)


def own_tag(ask: Ask, sent: Sent) -> TagRecord:
    """Say who answers for a tag; empty is whoever manages tags."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    owner = sent.get("owner") or ""
    about = context.staff.one(owner).id if owner else ""
    return context.taxonomy.rename(sent["tag"], owner=about, by=context.actor.id)


def split_tag(ask: Ask, sent: Sent) -> RunRecord:
    """Make a tag of its own beside one, for what wears that and has these words."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    run = context.tagging_runs.split(
        sent["tag"], sent["label"], en=sent.get("label_en") or "", text=sent["text"],
        units=context.actor.own_units, by=context.actor.id,
    )  # fmt: skip
    return context.tagging_runs.go_on(run.id, _AT_ONCE)


def undo_tag_act(ask: Ask, sent: Sent) -> ActRecord:
    """Put back what one act on the vocabulary changed."""
    context: Context = ask.context
    require(context.actor, "manage_tags")
    return context.taxonomy.acts.undo(sent["act"], by=context.actor.id)


class _Found:
    """How many a filter finds, some of them, and the run, if it was begun."""

    def __init__(self, context: Context, chosen: Chosen, run: RunRecord | None) -> None:
        preview = context.tagging_runs.preview(chosen)
        self.total, self.sample, self.run = preview.total, preview.sample, run


class FoundToTag(ObjectType):
    """What a filter finds, to be tagged."""

    total = graphene.Int(required=True)
    sample = graphene.List(
        graphene.NonNull(shapes.Material), required=True, description="The newest ten."
    )
    run = graphene.Field(shapes.TaggingRun, description="None for a preview.")


def tag_found(ask: Ask, sent: Sent) -> _Found:
    """Tag everything that a filter finds, up to 100,000. With `preview` nothing is changed. The
    first slices are done when it is answered; the worker does the rest, `taggingRun` says how
    far it is, `stopTagging` ends it, `undoTagging` takes it back."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    chosen = Chosen(
        types=sent.get("types") or (), tags=sent.get("tags") or (), text=sent.get("text") or "",
        units=context.actor.own_units,
    )  # fmt: skip
    add, remove = sent.get("add") or (), sent.get("remove") or ()
    if sent.get("preview"):
        return _Found(context, chosen, None)
    found = _Found(context, chosen, None)
    run = context.tagging_runs.begin(add, remove, chosen=chosen, by=context.actor.id)
    found.run = context.tagging_runs.go_on(run.id, _AT_ONCE)
    return found


def stop_tagging(ask: Ask, sent: Sent) -> RunRecord:
    """Do no more of a run: what is tagged stays so, and `undoTagging` may take it back."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    run = context.tagging_runs.one(sent["run"])
    require_own(context.actor, run.by)
    return context.tagging_runs.stop(run.id, by=context.actor.id)


def undo_tagging(ask: Ask, sent: Sent) -> RunRecord:
    """Take back what a run did: every material wears what it wore, and what others did stays."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    run = context.tagging_runs.one(sent["run"])
    require_own(context.actor, run.by)
    context.tagging_runs.undo(run.id, by=context.actor.id)
    return context.tagging_runs.go_on(run.id, _AT_ONCE)


class Proposal(ObjectType):
    """A tag that a material may want."""

    tag = graphene.Field(shapes.Tag, required=True)
    score = graphene.Float(required=True)
    words = graphene.List(
        graphene.NonNull(graphene.String), required=True, description="Why: the strongest first."
    )


class TagSuggestion(ObjectType):
    """What one material may want."""

    material = graphene.Field(shapes.Material, required=True)
    proposals = graphene.List(graphene.NonNull(Proposal), required=True)


class _Suggested(NamedTuple):
    material: MaterialRecord
    proposals: list[ProposalRecord]


def _suggestions(source: None, ask: Ask, materials: list[str]) -> list[_Suggested]:
    context: Context = ask.context
    require(context.actor, "tag_materials")
    if len(materials) > shapes.BATCH:
        raise Invalid("materials", "too_many_at_once", limit=shapes.BATCH)
    found = all_managed(context, materials)
    context.batch("topics", context.materials.topics).expect(each.id for each in found)
    told = context.suggestions.of(found)
    return [_Suggested(each, told[each.id]) for each in found]


class AnswerInput(graphene.InputObjectType):
    """Yes or no to one proposal."""

    material = graphene.ID(required=True)
    tag = graphene.ID(required=True)
    accept = graphene.Boolean(required=True)


class SuggestionsAnswered(ObjectType):
    """What came of many answers."""

    batch = graphene.ID(required=True, description="Takes them back.")
    accepted = graphene.Int(required=True)
    refused = graphene.Int(required=True)
    failed = graphene.Int(required=True)


def answer_suggestions(ask: Ask, sent: Sent) -> Answered:
    """Put accepted tags on, remember what was refused, and learn from both; up to 500 at once."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    keys = list(dict.fromkeys(each["material"] for each in sent["answers"]))
    found = all_managed(context, keys)
    ids = {key: each.id for each in found for key in (each.id, each.code)}
    answers = [
        Answer(ids[each["material"]], each["tag"], each["accept"]) for each in sent["answers"]
    ]
    return context.suggestions.answer(answers, by=context.actor.id)


def take_answers_back(ask: Ask, sent: Sent) -> str:
    """As if those answers had not been given."""
    context: Context = ask.context
    require(context.actor, "tag_materials")
    require_own(context.actor, context.suggestions.given_by(sent["batch"]))
    context.suggestions.take_back(sent["batch"], by=context.actor.id)
    return str(sent["batch"])


QUESTIONS = {
    "tag_suggestions": graphene.Field(
        graphene.List(graphene.NonNull(TagSuggestion), required=True),
        materials=graphene.List(graphene.NonNull(graphene.ID), required=True),
        resolver=_suggestions,
        description="Tags proposed from what materials say; nothing waits for an answer.",
    ),
    "tag_acts": graphene.Field(
        graphene.List(graphene.NonNull(TagAct), required=True),
        tag=graphene.ID(description="Of this tag alone."),
        first=graphene.Int(default_value=20),
        resolver=_acts,
        description="What was done to the vocabulary, the latest first.",
    ),
    "tagging_run": graphene.Field(
        shapes.TaggingRun, id=graphene.ID(required=True), resolver=_run,
        description="How far a run is that tags many materials.",
    ),
}  # fmt: skip

VERBS = {
    "answer_suggestions": verb(
        "answerSuggestions", "answered", SuggestionsAnswered, answer_suggestions,
        answers=graphene.List(graphene.NonNull(AnswerInput), required=True),
    ),
    "take_answers_back": verb(
        "takeAnswersBack", "batch", graphene.ID, take_answers_back,
        batch=graphene.ID(required=True),
    ),
    "move_tag": verb(
        "moveTag", "tag", shapes.Tag, move_tag, tag=key(), parent=graphene.ID()
    ),
    "retire_tag": verb("retireTag", "tag", shapes.Tag, retire_tag, tag=key()),
    "relate_tags": verb(
        "relateTags", "tag", shapes.Tag, relate_tags,
        tag=key(), related=graphene.List(graphene.NonNull(graphene.ID), required=True),
    ),
    "own_tag": verb("ownTag", "tag", shapes.Tag, own_tag, tag=key(), owner=graphene.ID()),
    "split_tag": verb(
        "splitTag", "run", shapes.TaggingRun, split_tag,
        tag=key(), label=graphene.String(required=True), label_en=graphene.String(),
        text=graphene.String(required=True, description="Words in the title or the summary."),
    ),
    "undo_tag_act": verb(
        "undoTagAct", "act", TagAct, undo_tag_act, act=graphene.ID(required=True)
    ),
    "tag_found": verb(
        "tagFound", "found", FoundToTag, tag_found,
        types=texts(), tags=ids(), text=graphene.String(), add=ids(), remove=ids(),
        preview=graphene.Boolean(),
    ),
    "stop_tagging": verb(
        "stopTagging", "run", shapes.TaggingRun, stop_tagging, run=graphene.ID(required=True)
    ),
    "undo_tagging": verb(
        "undoTagging", "run", shapes.TaggingRun, undo_tagging, run=graphene.ID(required=True)
    ),
}  # fmt: skip

SIZES = {
    ("FoundToTag", "sample"): 10, ("Query", "tagSuggestions"): 100,
    ("TagSuggestion", "proposals"): 6, ("Proposal", "words"): 10,
}  # fmt: skip
