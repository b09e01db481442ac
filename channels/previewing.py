"""Previewing (预览): a material as its platform will show it, to one tester alone."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from channels.accounts import Accounts, Channels
from channels.base import Post
from channels.composing import Composer
from content_hub.materials import Materials
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid
from stores.changes import Changes
from stores.records import Records


@runtime_checkable
class Previews(Protocol):
    """A channel whose platform shows a post to a tester before anybody else."""

    def preview(self, post: Post, *, tester: str) -> None: ...


class Previewing:
    """Shows testers."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        materials: Materials,
        composer: Composer,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._materials = materials
        self._composer = composer
        self._clock = clock

    def show(self, material: str, account: str, tester: str, *, by: str) -> None:
        """Show it to her, if the platform would take it. Raises one `Invalid` with all it minds,
        `Conflict` if the platform knows no previews, and what the platform refuses."""
        there, kept = self._accounts.one(account), self._materials.one(material)
        channel = self._channels.of(there)
        if not isinstance(channel, Previews):
            raise Conflict("channel_knows_no_previews", account=there.code)
        if not tester.strip():
            raise Invalid("tester", "field_is_missing")
        if flaws := channel.capabilities.flaws(self._composer.draft(kept, there), self._clock()):
            raise Invalid.because(flaws)
        post = self._composer.illustrated(self._composer.post(kept, there), kept.cover)
        channel.preview(post, tester=tester.strip())
        with self._records.write():
            self._changes.note("previewed", "material", kept.id, by=by, account=there.id)
