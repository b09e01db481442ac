"""The table of the page on matching is written from figures; it says which differences are none."""

from bench.lib.ranking import BEGINS, ENDS, FIGURES, PAGE, written

SAME = dict.fromkeys(FIGURES, 0.1)
OURS = {**SAME, "recommender": "juzhen", "customers": 9, "newcomers": 2, "ndcg@10": 0.25}
THEIRS = {
    **SAME, "recommender": "EASE", "difference": 0.15, "low": 0.1, "high": 0.2,
    "coverage@10": 0.4,
    "leads": {
        "cold_customer_1": {"difference": 0.0, "low": -0.1, "high": 0.1},
        "cold_content": {"difference": 0.2, "low": 0.1, "high": 0.3},
    },
}  # fmt: skip


def test_the_best_is_bold_and_what_cannot_be_told_from_ours_is_marked():
    page = written(f"before\n{BEGINS}\nold\n{ENDS}\nafter\n", [OURS, THEIRS])
    assert page.startswith(f"before\n{BEGINS}\n\n|  | juzhen | EASE |\n")
    assert page.endswith(f"cold starts on 2 more.\n\n{ENDS}\nafter\n")
    for line in (
        "| NDCG@10 | **0.250** | 0.100 |",
        "| juzhen's lead |  | 0.150 [0.100, 0.200] |",
        "| coverage@10 | 0.100 | **0.400** |",
        "| new customer, one read | **0.100** | ≈ **0.100** |",
        "| new content | **0.100** | **0.100** |",
    ):
        assert line in page
    assert written(page, [OURS, THEIRS]) == page


def test_the_page_has_the_place_that_the_table_is_written_into():
    page = PAGE.read_text("utf-8")
    assert page.index(BEGINS) < page.index("| NDCG@10 |") < page.index(ENDS)
