"""Whose packages we run (体检): makes sure that what we import is our own. Mends nothing."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "juzhen-platform"
PARTS = (
    "juzhen",
    "schemas",
    "engagement",
    "matching",
    "channels",
    "content_hub",
    "data_hub",
    "stores",
    "kernel",
)


def strangers(parts: Collection[str] = PARTS) -> list[str]:
    """Name the parts that another installed project provides in our place.

    Our top-level names are common words: Django Channels, for one, installs a package called
    ``channels`` too, and pip lets the later installation overwrite the earlier one silently.
    """
    ours = _our_homes()
    return [name for name in parts if _home_of(name) not in ours]


def _our_homes() -> set[Path]:
    """Where our parts may lie: beside this one, or where our distribution was installed."""
    homes = {Path(__file__).resolve().parent.parent / name for name in PARTS}
    try:
        installed = files(DISTRIBUTION) or []
    except PackageNotFoundError:
        return homes
    inits = (Path(str(each.locate())) for each in installed if each.name == "__init__.py")
    return homes | {each.resolve().parent for each in inits if each.parent.name in PARTS}


def _home_of(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin else None
