"""Bringing in (批量导入): materials out of a sheet, row by row, and taken back as a whole."""

from content_hub.bringing.keeper import MOST_FLAWS, Bringing, Brought
from content_hub.bringing.records import ImportedRow, ImportRun

__all__ = ["MOST_FLAWS", "Bringing", "Brought", "ImportRun", "ImportedRow"]
