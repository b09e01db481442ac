"""Ranking (排名表): the table of docs/matching.md, written from what was measured last.

``make ranking`` measures and writes; nobody types its figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from juzhen.cli.measured import ROOT, last

PAGE = ROOT / "docs" / "matching.md"
BEGINS, ENDS = "<!-- ranking: written by `make ranking` -->", "<!-- ranking ends -->"
FIGURES = {
    "ndcg@10": "NDCG@10",
    "recall@20": "Recall@20",
    "coverage@10": "coverage@10",
    "cold_customer_0": "new customer, nothing read",
    "cold_customer_1": "new customer, one read",
    "cold_customer_2": "new customer, two read",
    "cold_content": "new content",
    "cold_both": "new customer and new content",
    "live_ndcg": "the next click, counters live",
    "new_share": "new content in the first ten",
}


def markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """The best of every figure is bold; ≈ stands before what cannot be told from ours: the interval
    of the difference holds nothing."""
    ours, *others = table
    lines = [
        _line("", [each["recommender"] for each in table]),
        _line("---", ["---"] * len(table)),
        *(_line(told, _cells(table, name)) for name, told in FIGURES.items()),
    ]
    leads = [""] + [f"{each['difference']:.3f} {_between(each)}" for each in others]
    lines.insert(3, _line(f"{ours['recommender']}'s lead", leads))
    judged = f"Judged on {ours['customers']} customers, cold starts on {ours['newcomers']} more."
    return "\n".join((*lines, "", judged))


def written(page: str, table: Sequence[Mapping[str, Any]]) -> str:
    """The page with this table in the place of the one it has."""
    before, _, rest = page.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n\n{markdown(table)}\n\n{ENDS}{after}"


def _cells(table: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    best = max(each[name] for each in table)
    return [_cell(each, name, best) for each in table]


def _cell(row: Mapping[str, Any], name: str, best: float) -> str:
    figure = f"{row[name]:.3f}"
    lead = row.get("leads", {}).get(name)
    near = "≈ " if lead and lead["low"] <= 0 <= lead["high"] else ""
    return f"{near}**{figure}**" if row[name] == best else f"{near}{figure}"


def _between(lead: Mapping[str, float]) -> str:
    return f"[{lead['low']:.3f}, {lead['high']:.3f}]"


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8"), last()["matching"]["table"]), "utf-8")
