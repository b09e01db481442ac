"""Files (文件库) as GraphQL tells them: what was uploaded, and how many materials show it."""

from __future__ import annotations

from typing import Any

import graphene

from content_hub.file_library import Held
from kernel.actors import require
from schemas.graphql.binding import Ask
from schemas.graphql.library.shapes import Media
from schemas.graphql.shapes import Listing, Moment, connection, counted, listing, or_usual, paged
from schemas.graphql.types import ObjectType


def _of(name: str) -> Any:
    return lambda held, ask: getattr(held.media, name)


class MediaFile(ObjectType):
    """A file that was uploaded."""

    id = graphene.ID(required=True, resolver=_of("id"))
    media = graphene.Field(
        graphene.NonNull(Media),
        resolver=lambda held, ask: held.media,
        description="Where it and its forms are.",
    )
    name = graphene.String(required=True, resolver=_of("name"))
    kind = graphene.String(
        required=True, resolver=_of("kind"), description="image, document or video"
    )
    size = graphene.Int(required=True, resolver=_of("size"), description="Bytes.")
    width = graphene.Int(required=True, resolver=_of("width"))
    height = graphene.Int(required=True, resolver=_of("height"))
    pages = graphene.Int(required=True, resolver=_of("pages"))
    seconds = graphene.Int(
        required=True, resolver=_of("seconds"), description="How long a film runs; 0 if unknown."
    )
    taken = Moment(required=True, resolver=_of("taken_at"))
    uses = graphene.Int(
        required=True, description="How many materials show it: as cover, in a field, in a body."
    )


def _media_files(
    source: None,
    ask: Ask,
    kind: str | None = None,
    unused: bool | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[Held]:
    require(ask.context.actor, "read_library")
    page = ask.context.file_library.page(
        kind=kind or "", unused=bool(unused), first=or_usual(first), after=after,
        count=counted(ask),
    )  # fmt: skip
    return listing(page)


QUESTIONS = {
    "media_files": paged(
        connection(MediaFile), _media_files, kind=graphene.String(),
        unused=graphene.Boolean(description="Only those that no material shows."),
    ),
}  # fmt: skip
VERBS: dict[str, graphene.Field] = {}
SIZES: dict[tuple[str, str], int] = {}
