"""A handful of materials on a shelf, as matching sees them."""

from datetime import timedelta

import numpy as np
import pytest

from matching.arrays import Row, Whole, Window, key_of
from matching.scoring import Pull, Read, Reason
from tests.company import Company
from tests.conftest import MONDAY

ALWAYS = Window("app", "", 0.0, 4e9)


def row(material, *tags, kind="image_text", windows=(ALWAYS,)):
    return Row(material, kind, tags, windows)


def slice_of(*rows, now=MONDAY):
    return Whole.of(rows).slice("", now)


def pull(tag, weight, kind="tag"):
    return Pull.because(tag, Reason(kind, "reason_tag", {"topic": {"zh": tag, "en": tag}}, weight))


def read(material, neighbours=None, days_ago=0.0):
    neighbours = neighbours or {}
    return Read(
        material,
        MONDAY - timedelta(days=days_ago),
        np.array(list(neighbours.values())),
        np.array([key_of(each) for each in neighbours], np.uint64),
    )


@pytest.fixture
def shelf():
    """Twelve image-texts about four topics, a script and a product note."""
    topics = ("养老社区", "理财", "健康", "子女教育")
    rows = [row(f"mat_{n}", topics[n % 4], f"tag_{n % 3}") for n in range(12)]
    rows += [row("mat_s", "理财", kind="script"), row("mat_p", "健康", kind="product_note")]
    return slice_of(*rows)


@pytest.fixture
def company(tmp_path, records, people, changes, clock):
    made = Company(tmp_path, records, people, changes, clock)
    yield made
    made.close()
