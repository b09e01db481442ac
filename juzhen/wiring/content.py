"""What we have to say (内容中台): the keepers of the content hub."""

from __future__ import annotations

from content_hub.bringing import Bringing
from content_hub.campaigns import Campaigns, Draws, Parameters, Purchases
from content_hub.comments import Comments
from content_hub.compliance import Compliance
from content_hub.crossings import Crossings
from content_hub.duplicates import Duplicates
from content_hub.file_library import FileLibrary
from content_hub.file_sets import FileSets
from content_hub.finding import Finding
from content_hub.licences import Licences
from content_hub.materials import Materials
from content_hub.materials.versions import Versions
from content_hub.media import Media
from content_hub.policies import Policies
from content_hub.products import Products
from content_hub.remakes import Remakes
from content_hub.reviews import Reviews
from content_hub.scheduling import ScheduledEdits
from content_hub.shelf import Overview, Shelf
from content_hub.shifting import Shifting
from content_hub.suggestions import Suggestions
from content_hub.tag_sheets import BringingTags
from content_hub.tagging_runs import TaggingRuns
from content_hub.tags import Taxonomy
from content_hub.tracking import Links
from content_hub.types import Types
from content_hub.uploads import Uploads
from juzhen.settings import Settings
from juzhen.wiring.engines import Stores
from kernel.values import dataclass


@dataclass(kw_only=True)
class ContentHub:
    """The content hub's keepers."""

    types: Types
    taxonomy: Taxonomy
    materials: Materials
    versions: Versions
    reviews: Reviews
    scheduled_edits: ScheduledEdits
    comments: Comments
    bringing: Bringing
    file_sets: FileSets
    tagging_runs: TaggingRuns
    bringing_tags: BringingTags
    suggestions: Suggestions
    duplicates: Duplicates
    media: Media
    uploads: Uploads
    campaigns: Campaigns
    parameters: Parameters
    draws: Draws
    purchases: Purchases
    shelf: Shelf
    crossings: Crossings
    overview: Overview
    shifting: Shifting
    licences: Licences
    file_library: FileLibrary
    remakes: Remakes
    products: Products
    compliance: Compliance
    policies: Policies
    links: Links
    finding: Finding


def content_hub(settings: Settings, s: Stores) -> ContentHub:
    """One constructor call after another."""
    types, taxonomy = Types(s.records, s.changes), Taxonomy(s.records, s.changes)
    materials = Materials(s.records, s.changes, types, taxonomy, s.clock)
    reviews = Reviews(s.records, s.changes, s.clock)
    shelf = Shelf(s.records, s.changes, s.clock)
    media = Media(s.records, s.files, s.changes, s.clock)
    licences = Licences(s.records, s.changes)
    return ContentHub(
        types=types,
        taxonomy=taxonomy,
        materials=materials,
        versions=Versions(s.records),
        reviews=reviews,
        scheduled_edits=ScheduledEdits(s.records, s.changes, materials, taxonomy, s.clock),
        duplicates=Duplicates(s.records),
        bringing=Bringing(s.records, materials, taxonomy, reviews, s.clock),
        file_sets=FileSets(s.records, s.changes, materials, media, licences, reviews),
        tagging_runs=TaggingRuns(s.records, s.changes, materials, taxonomy, s.clock),
        bringing_tags=BringingTags(taxonomy),
        suggestions=Suggestions(s.records, s.changes, materials, taxonomy, s.clock),
        comments=Comments(s.records, s.changes, s.clock),
        media=media,
        uploads=Uploads(s.records, s.files, media, s.clock),
        campaigns=Campaigns(s.records, s.changes, s.clock),
        parameters=Parameters(s.records, s.changes, s.quotas, s.clock, s.zone),
        draws=Draws(s.records, s.changes, s.quotas, s.clock),
        purchases=Purchases(s.records, s.changes, s.clock),
        shelf=shelf,
        crossings=Crossings(s.records, shelf, s.clock),
        overview=Overview(s.records),
        shifting=Shifting(s.records, s.changes, shelf, s.clock, s.zone),
        licences=licences,
        file_library=FileLibrary(s.records),
        remakes=Remakes(s.records, s.changes, types, materials, s.clock),
        products=Products(s.records, s.changes, s.clock),
        compliance=Compliance(s.records, s.changes, s.clock),
        policies=Policies(s.records, s.changes),
        links=Links(settings.keys_links),
        finding=Finding(s.index, s.records, materials, s.changes, taxonomy),
    )
