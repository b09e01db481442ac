"""The 25 questions about Chinese and English materials that every search engine answers alike."""

import json
from pathlib import Path

import pytest

from stores.contract.search import document, found

QUESTIONS = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "search.json"


def answered(index):
    """How many were asked, and what was missed or found wrongly."""
    if not QUESTIONS.exists():
        pytest.skip(f"the 25 questions are not here: put them at {QUESTIONS}")
    told = json.loads(QUESTIONS.read_text("utf-8"))
    index.put(1, [document(str(m["id"]), m["title"], m["body"]) for m in told["materials"]])
    wrong = []
    for asked in told["queries"]:
        ids = set(map(int, found(index, asked["query"])))
        wrong += [(asked["query"], "missed", each) for each in asked["must"] if each not in ids]
        wrong += [(asked["query"], "wrong", each) for each in asked["must_not"] if each in ids]
    return len(told["queries"]), wrong
