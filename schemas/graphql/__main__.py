"""Prints the schema (打印图谱): ``python -m schemas.graphql > docs/schema.graphql``."""

import sys

from schemas.graphql.schema import sdl

sys.stdout.write(sdl())
