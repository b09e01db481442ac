"""Remedies (处置办法): what a person can do about a delivery that stays where it is.

A reason that nobody wrote down is the platform's own: read it, mend what it names, try again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from kernel.values import dataclass
from kernel.wording import say


class Remedy(StrEnum):
    """Whoever looks does one of these first."""

    RETRY = "retry"
    """It was the platform or the way there: try again."""
    ACCOUNT = "account"
    """The account is not right: mend it, then try again."""
    CONTENT = "content"
    """The platform will not have the content as it stands."""
    DROP = "drop"
    """This person cannot be reached: let it go."""
    LOOK = "look"
    """It may have arrived: look there before it is sent again."""
    PERSON = "person"
    """Somebody has to confirm it or send it."""


_REMEDIES = {
    Remedy.RETRY: (
        "platform_unreachable", "platform_said_later", "platform_out_of_order",
        "too_many_redirects", "platform_answer_unreadable", "our_rate_is_used_up",
        "token_is_being_fetched", "month_is_used_up", "platform_still_publishing",
        "endpoint_said_no", "records_were_away",
    ),
    Remedy.ACCOUNT: (
        "platform_signed_us_out", "sealing_key_missing", "seal_broken", "address_not_allowed",
        "unknown_channel_kind", "account_lacks_this", "rep_unknown", "rep_has_no_licence",
        "endpoint_gone", "mini_program_has_no_template", "creator_must_grant",
        "sms_signature_unknown", "sms_template_unknown",
    ),
    Remedy.CONTENT: (
        "platform_refused", "crashes_worker", "channel_shows_nothing", "channel_says_nothing",
        "channel_cannot_show", "channel_text_too_long", "channel_bytes_too_many",
        "channel_cover_type", "channel_needs_cover", "platform_could_not_publish",
        "endpoint_refused", "sms_words_not_allowed", "platform_refused_content",
    ),
    Remedy.DROP: (
        "recipient_unknown", "recipient_gone", "recipient_refuses", "recipient_had_enough",
        "reply_window_closed", "reply_window_used_up", "no_rep_confirmed",
        "sms_not_delivered", "no_message_allowed",
    ),
    Remedy.LOOK: ("worker_lost", "platform_did_not_answer"),
}  # fmt: skip
_OF = {reason: remedy for remedy, reasons in _REMEDIES.items() for reason in reasons}


def remedy_of(state: str, reason: str) -> Remedy:
    """The state says more than the reason where something may have arrived or waits for her."""
    if state == "unknown":
        return Remedy.LOOK
    if state == "awaiting_person":
        return Remedy.PERSON
    return _OF.get(reason, Remedy.CONTENT if state == "refused" else Remedy.RETRY)


@dataclass(frozen=True, slots=True)
class Pile:
    """All that is stuck on one account for one reason."""

    account: str
    state: str
    reason: str
    count: int
    since: datetime
    facts: Mapping[str, Any]
    """Of one of them, to complete the reason by."""

    @property
    def remedy(self) -> Remedy:
        return remedy_of(self.state, self.reason)

    def why(self, language: str) -> str:
        """The reason as a sentence."""
        return say(self.reason or "no_reason_told", language, **self.facts)
