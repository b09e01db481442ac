"""Wiring (接线): which keeper is given what, a room after the other.

Plain constructor calls, no container. Nothing is opened at import; `assemble` opens one process's
worth of a company. Only `engines` names an engine, and only `adapters` an adapter.
"""

from __future__ import annotations

import threading
from dataclasses import field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from engagement.fans import Fans
from juzhen import migrations
from juzhen.access import Access
from juzhen.saved_views import SavedViews
from juzhen.settings import BadSetting, Settings, name_of, require_keys
from juzhen.web.persisted import PersistedQueries
from juzhen.web.repeats import Repeats
from juzhen.wiring.adapters import CHANNELS
from juzhen.wiring.coming_in import ComingIn, coming_in
from juzhen.wiring.content import ContentHub, content_hub
from juzhen.wiring.data import DataHub, data_hub
from juzhen.wiring.ends import Ends, ends
from juzhen.wiring.engines import Stores, migrate, open_stores
from juzhen.wiring.matching import Matching, matching
from juzhen.wiring.selling import Selling, selling
from kernel import logs
from kernel.calendar import Hours
from kernel.clock import Clock
from kernel.values import dataclass
from matching.nearby import Vicinity
from matching.occasions import Habits
from stores.busy import busy_is_said

if TYPE_CHECKING:
    from content_hub.types import Types
    from schemas.graphql.edition import Edition

__all__ = ["CHANNELS", "Platform", "assemble", "migrate"]


@dataclass(kw_only=True)
class Platform(Stores, ContentHub, DataHub, Ends, Matching, Selling, ComingIn):
    """All keepers of one process. Blueprints, duties and commands are given this."""

    settings: Settings
    access: Access
    saved_views: SavedViews
    repeats: Repeats
    persisted: PersistedQueries
    draining: threading.Event = field(default_factory=threading.Event)

    @property
    def base_url(self) -> str:
        return self.settings.public_url

    @cached_property
    def edition(self) -> Edition:
        """What GraphQL is answered by. It is large: a start waits for it only if questions are
        bound, which may be bad ones, and a worker has no use for it."""
        return _edition(self.settings, self.types)

    def require_ready(self) -> None:
        """Refuse to work on stores that another version made; raises `Overloaded` while a database
        does not answer."""
        for name, records in (("records", self.records), ("people", self.people)):
            with busy_is_said():
                behind = migrations.pending(records.engine, name)
                ahead = migrations.ahead(records.engine, name)
            if behind:
                raise BadSetting(f"the {name} are not as this version needs: run `juzhen migrate`")
            if ahead:  # while a company rolls from this version to the next
                logs.warning("tables_are_newer", part=name, there=ahead, known=migrations.head())
        for setting, server in self.servers.items():
            told = server.examine()
            if told.fit is False:
                raise BadSetting(f"{setting}: {told.says}. {told.advice}")
            if told.fit is None:  # it may come back: until then others answer, and say so
                logs.warning("store_does_not_answer", setting=setting, says=told.says)

    def warm(self) -> None:
        """Make what the first questions wait for; harmless when they came already."""
        _ = self.edition
        self.recommender.warm()

    def close(self) -> None:
        """Let everything go, what is acknowledged last."""
        self.commit.close()
        self.gathered.close()
        self.recommender.close()
        for store in (self.journal, self.history, self.index):
            store.close()
        self.changes.sightings.close()
        self.records.close()
        self.people.close()


def assemble(settings: Settings, *, clock: Clock | None = None) -> Platform:
    """Open one process's worth of the company. Raises `BadSetting` if keys are missing."""
    require_keys(settings)
    stores = open_stores(settings, clock)
    content = content_hub(settings, stores)
    data = data_hub(settings, stores, content)
    front = ends(settings, stores, content, data)
    hold_out, habits = settings.matching_hold_out, Habits(**settings.habits)
    matched = matching(
        stores, content, data, front, hold_out=hold_out, exclusivity=settings.exclusivity,
        habits=habits, vicinity=Vicinity(**settings.vicinity),
    )  # fmt: skip
    sold = selling(
        stores, content, data, front, matched, base_url=settings.public_url, hold_out=hold_out,
        habits=habits, daily=settings.engagement_reminders,
        to_customers=settings.engagement_to_customers.replace(" ", "").split(","),
        desire=settings.engagement_desire.replace(" ", "").split(","),
        fans=Fans(
            front.accounts, data.customers, data.staff, stores.zone,
            Hours.read(settings.company_hours), timedelta(minutes=settings.engagement_fans),
        ),
    )  # fmt: skip
    brought = coming_in(stores, data, front)
    access = Access(
        stores.records, stores.changes, data.staff, stores.quotas, stores.clock,
        key=settings.keys_links, failures=settings.limits_logins,
    )  # fmt: skip
    platform = Platform(
        **vars(stores), **vars(content), **vars(data), **vars(front), **vars(matched),
        **vars(sold), **vars(brought),
        settings=settings,
        access=access,
        saved_views=SavedViews(stores.records, stores.changes, stores.clock),
        repeats=Repeats(stores.records, stores.clock),
        persisted=PersistedQueries(stores.records, stores.clock),
    )  # fmt: skip
    if settings.web_questions:
        _ = platform.edition
    return platform


def _edition(settings: Settings, types: Types) -> Edition:
    """The schema, and the questions that it is bound to. Raises `BadSetting` for a bad one."""
    from schemas.graphql.allowed import written
    from schemas.graphql.edition import Unfit
    from schemas.graphql.schema import build

    folder, name = settings.web_questions, name_of("web_questions")
    try:
        return build(types, written(settings.home / folder) if folder else None)
    except (OSError, ValueError) as unreadable:
        raise BadSetting(f"{name}: the questions cannot be read: {unreadable}") from unreadable
    except Unfit as unfit:
        raise BadSetting(f"{name}: {unfit}: {unfit.text[:200]}") from unfit
