"""What we have to say (内容中台): the keepers of the content hub."""

from __future__ import annotations

from dataclasses import dataclass

from content_hub.campaigns import Campaigns
from content_hub.finding import Finding
from content_hub.materials import Materials
from content_hub.media import Media
from content_hub.shelf import Overview, Shelf
from content_hub.tags import Taxonomy
from content_hub.tracking import Links
from content_hub.types import Types
from juzhen.settings import Settings
from juzhen.wiring.engines import Stores


@dataclass(kw_only=True)
class ContentHub:
    """The content hub's keepers."""

    types: Types
    taxonomy: Taxonomy
    materials: Materials
    media: Media
    campaigns: Campaigns
    shelf: Shelf
    overview: Overview
    links: Links
    finding: Finding


def content_hub(settings: Settings, s: Stores) -> ContentHub:
    """One constructor call after another."""
    types, taxonomy = Types(s.records, s.changes), Taxonomy(s.records, s.changes)
    materials = Materials(s.records, s.changes, types, taxonomy, s.clock)
    return ContentHub(
        types=types,
        taxonomy=taxonomy,
        materials=materials,
        media=Media(s.records, s.files, s.changes, s.clock),
        campaigns=Campaigns(s.records, s.changes, s.clock),
        shelf=Shelf(s.records, s.changes, s.clock),
        overview=Overview(s.records),
        links=Links(settings.keys_links),
        finding=Finding(s.index, s.records, materials, s.changes, taxonomy),
    )
