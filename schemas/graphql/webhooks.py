"""Webhooks (出站通知) as GraphQL tells them: who is told, what was told, and telling it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import graphene

from channels.notices import Notice as NoticeRecord
from channels.notices import Subscription
from channels.notices.records import PAUSES
from kernel.actors import require
from kernel.errors import Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import (
    Listing,
    Moment,
    connection,
    ids,
    listing,
    moment,
    or_usual,
    paged,
    texts,
    verb,
)
from schemas.graphql.types import ObjectType

Sent = Mapping[str, Any]


class Webhook(ObjectType):
    """An address that is told what comes onto shelves and what changes."""

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    url = graphene.String(required=True)
    kinds = texts(required=True)
    channels = ids(required=True, description="Whose shelves; none is all of them.")
    created = Moment(required=True)
    off = Moment(description="Since when it is told no more.")
    reason = graphene.String(required=True, description="Why it is off, if it was not a person.")


class Notice(ObjectType):
    """One thing told to one address. Its id is the `webhook-id` of every try."""

    id = graphene.ID(required=True)
    kind = graphene.String(required=True)
    subject = graphene.ID(required=True)
    at = Moment(required=True)
    state = graphene.String(required=True, description="`waiting`, `told` or `given_up`.")
    tries = graphene.Int(required=True, description=f"At most {len(PAUSES) + 1}.")
    status = graphene.Int(required=True, description="The last answer; 0 is none.")
    body = graphene.String(required=True)


class Made(NamedTuple):
    """A subscription, with the secret that is shown this once."""

    webhook: Subscription
    secret: str


def _shown(found: Subscription) -> Any:
    return _Shown(
        found.id, found.name, found.url, found.kinds, found.accounts, found.created, found.off,
        found.reason,
    )  # fmt: skip


class _Shown(NamedTuple):
    id: str
    name: str
    url: str
    kinds: list[str]
    channels: list[str]
    created: Any
    off: Any
    reason: str


def _webhooks(source: None, ask: Ask) -> list[Any]:
    require(ask.context.actor, "manage_accounts")
    return [_shown(each) for each in ask.context.subscriptions.all()]


def _notices(
    source: None,
    ask: Ask,
    webhook: str,
    state: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[NoticeRecord]:
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    page = context.subscriptions.page(
        webhook, state=state or "", first=or_usual(first), after=after
    )
    return listing(page)


def create_webhook(ask: Ask, sent: Sent) -> Made:
    """Tell an address from now on. The secret that signs is in this answer and never again."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    made, secret = context.subscriptions.subscribe(
        sent["url"], name=sent.get("name") or "", kinds=sent.get("kinds") or (),
        accounts=[context.account(each) for each in sent.get("channels") or ()],
        by=context.actor.id,
    )  # fmt: skip
    return Made(_shown(made), secret.reveal())


def renew_webhook_secret(ask: Ask, sent: Sent) -> Made:
    """Another secret; the one before signs, too, until the next renewal."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    secret = context.subscriptions.renew(sent["webhook"], by=context.actor.id)
    return Made(_shown(context.subscriptions.one(sent["webhook"])), secret.reveal())


def switch_webhook(ask: Ask, sent: Sent) -> Any:
    """Tell it no more, or again; what waits goes on waiting."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    kept = context.subscriptions.switch(sent["webhook"], on=sent["on"], by=context.actor.id)
    return _shown(kept)


def drop_webhook(ask: Ask, sent: Sent) -> Any:
    """Forget it, and what it was told."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    return _shown(context.subscriptions.drop(sent["webhook"], by=context.actor.id))


def ping_webhook(ask: Ask, sent: Sent) -> NoticeRecord:
    """Tell it something that means nothing, to see whether it listens."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    return context.subscriptions.ping(sent["webhook"], by=context.actor.id)


def replay_webhook(ask: Ask, sent: Sent) -> Any:
    """Everything since a moment once more, under the ids it had; kept for 30 days."""
    context: Context = ask.context
    require(context.actor, "manage_accounts")
    since = moment(sent["since"], "since")
    if since is None:
        raise Invalid("since", "missing")
    return _shown(context.subscriptions.tell_again(sent["webhook"], since, by=context.actor.id))


def _part(name: str, of: Any, says: str = "") -> graphene.Field:
    """A part of what was made; null if it was not."""

    def told(payload: Any, ask: Ask) -> Any:
        return payload.webhook and getattr(payload.webhook, name)

    return graphene.Field(of, resolver=told, description=says or None)


def _secret() -> dict[str, graphene.Field]:
    return {"secret": _part("secret", graphene.String, "`whsec_…`, shown this once.")}


_WHICH: dict[str, Any] = {"webhook": graphene.ID(required=True)}

QUESTIONS = {
    "webhooks": graphene.Field(
        graphene.List(graphene.NonNull(Webhook), required=True), resolver=_webhooks,
        description="Every address that is told.",
    ),
    "notices": paged(
        connection(Notice), _notices, webhook=graphene.ID(required=True),
        state=graphene.String(description="`waiting`, `told` or `given_up`."),
    ),
}  # fmt: skip

VERBS = {
    "create_webhook": verb(
        "createWebhook", "webhook", _part("webhook", Webhook), create_webhook,
        beside=_secret(), url=graphene.String(required=True), name=graphene.String(),
        kinds=texts(description="All of them if left out."), channels=ids(),
    ),
    "renew_webhook_secret": verb(
        "renewWebhookSecret", "webhook", _part("webhook", Webhook), renew_webhook_secret,
        beside=_secret(), **_WHICH,
    ),
    "switch_webhook": verb(
        "switchWebhook", "webhook", Webhook, switch_webhook,
        on=graphene.Boolean(required=True), **_WHICH,
    ),
    "drop_webhook": verb("dropWebhook", "webhook", Webhook, drop_webhook, **_WHICH),
    "ping_webhook": verb("pingWebhook", "notice", Notice, ping_webhook, **_WHICH),
    "replay_webhook": verb(
        "replayWebhook", "webhook", Webhook, replay_webhook,
        since=Moment(required=True), **_WHICH,
    ),
}  # fmt: skip

SIZES = {
    ("Query", "webhooks"): 20, ("Webhook", "kinds"): 9, ("Webhook", "channels"): 50,
}  # fmt: skip
