"""Elasticsearch and OpenSearch (产品差异): who answers, and everything we do differently for whom.

Told apart by what ``GET /`` says. Asks nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.values import dataclass
from stores.examined import Unfit


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of server."""

    name: str
    least: int
    """The oldest major version that our requests are written for."""
    tested: int
    plain: bool
    """It wants JSON under its plain name, and does not name itself in its answers."""


DIFFERENCES = {
    "elasticsearch 9": Product("Elasticsearch", 9, 9, plain=False),
    "elasticsearch 8": Product("Elasticsearch", 8, 9, plain=True),
    "opensearch": Product("OpenSearch", 2, 3, plain=True),
}
"""All differences there are: nothing else in this folder asks who answers."""


def recognised(told: Mapping[str, Any], where: str) -> tuple[Product, str]:
    """The product and its version. Raises `Unfit` for what is neither, or too old."""
    version = told.get("version")
    number = str(version.get("number", "")) if isinstance(version, Mapping) else ""
    major = int(number.split(".")[0]) if number.split(".")[0].isdigit() else 0
    if not isinstance(version, Mapping) or not major:
        raise Unfit(
            f"{where} is neither Elasticsearch nor OpenSearch: name the cluster's own address."
        )
    if version.get("distribution") == "opensearch":
        product = DIFFERENCES["opensearch"]
    elif "cluster_name" in told or "You Know, for Search" in str(told.get("tagline")):
        product = DIFFERENCES["elasticsearch 9" if major >= 9 else "elasticsearch 8"]
    else:
        raise Unfit(
            f"{where} is neither Elasticsearch nor OpenSearch: name the cluster's own address."
        )
    if major < product.least:
        raise Unfit(
            f"{where} is {product.name} {number}, which is too old:"
            f" take {product.name} {product.tested} or newer."
        )
    return product, number
