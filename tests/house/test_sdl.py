"""The committed descriptions of our doors are what the code says."""

from pathlib import Path

from schemas import openapi
from schemas.graphql import schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_committed_schema_is_what_the_code_says():
    assert (DOCS / "schema.graphql").read_text("utf-8") == schema.sdl(), "run `make docs`"


def test_the_committed_openapi_is_what_the_code_says():
    assert (DOCS / "openapi.json").read_text("utf-8") == openapi.text(), "run `make docs`"
