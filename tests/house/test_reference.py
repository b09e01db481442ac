"""The reference pages say what the code says."""

from pathlib import Path

import pytest

from juzhen.cli import juzhen
from juzhen.reference import pages

DOCS = Path(__file__).parents[2] / "docs"
FRESH = pages(juzhen)


@pytest.mark.parametrize("name", sorted(FRESH))
def test_a_generated_page_is_fresh(name):
    assert (DOCS / name).read_text("utf-8") == FRESH[name], "run `make docs`"
