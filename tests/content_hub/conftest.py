"""The content hub's keepers over real records, and a shelf with something to put on it."""

from datetime import timedelta

import pytest

from content_hub.campaigns import Campaigns
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from content_hub.tags import Taxonomy
from content_hub.types import Types

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def types(records, changes):
    return Types(records, changes)


@pytest.fixture
def taxonomy(records, changes):
    return Taxonomy(records, changes)


@pytest.fixture
def materials(records, changes, types, taxonomy, clock):
    return Materials(records, changes, types, taxonomy, clock)


@pytest.fixture
def campaigns(records, changes, clock):
    return Campaigns(records, changes, clock)


@pytest.fixture
def shelf(records, changes, clock):
    return Shelf(records, changes, clock)


@pytest.fixture
def pension(taxonomy):
    return taxonomy.create("养老", "topic", en="Pension", code="pension", by="li")


@pytest.fixture
def material(materials, pension):
    """One that lacks nothing."""
    return materials.create(
        "image_text", "退休后的养老规划", code="plan", tags=[pension.id], by="li"
    )
