"""The documents that people read first: complete, and true where that can be checked."""

import re
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
WRITTEN = [
    *HOUSE.glob("*.md"),
    *(HOUSE / "docs").glob("*.md"),
    *(HOUSE / "docs" / "channels").glob("*.md"),
    *(HOUSE / "docs" / "decisions").glob("*.md"),
]


def distributions():
    """Every distribution that pyproject.toml names, but our own."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.match(r"[\w-]+", line)[0] for lines in asked for line in lines}
    return sorted(names - {"juzhen-platform"})


@pytest.mark.parametrize("name", distributions())
def test_every_dependency_says_why_it_is_here(name):
    told = (HOUSE / "docs" / "decisions" / "dependencies.md").read_text("utf-8")

    assert f"| {name} |" in told


def test_no_dependency_is_explained_that_is_gone():
    told = (HOUSE / "docs" / "decisions" / "dependencies.md").read_text("utf-8")
    explained = set(re.findall(r"^\| ([\w-]+) \| (?!why)", told, re.MULTILINE)) - {"package"}

    assert explained == set(distributions())


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_both_readmes_tell_the_same_two_commands_and_the_same_query():
    texts = [(HOUSE / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    queries = [re.findall(r"```sh\n(TOKEN=.*?)```", text, re.DOTALL) for text in texts]

    assert queries[0] == queries[1] != []
    assert all("make demo " in text and "make test " in text for text in texts)


def test_whatever_a_channel_may_do_stands_in_the_guide_to_writing_one(root):
    guide = (HOUSE / "docs" / "channels" / "writing-an-adapter.md").read_text("utf-8")
    texts = (path.read_text("utf-8") for path in (root / "channels").rglob("*.py"))
    may = [
        name
        for text in texts
        for name in re.findall(r"^@runtime_checkable\nclass (\w+)\(Protocol\)", text, re.MULTILINE)
    ]

    assert len(may) > 20
    assert [name for name in may if f"`{name}`" not in guide] == []


def test_every_decision_has_a_number_of_its_own():
    numbers = [page.name[:4] for page in (HOUSE / "docs" / "decisions").glob("0*.md")]

    assert len(numbers) == len(set(numbers)) > 0


def test_the_pictures_of_the_four_lives_are_drawings_without_scripts():
    drawings = list((HOUSE / "docs" / "pictures").glob("*.svg"))

    assert len(drawings) >= 5
    assert not [drawing for drawing in drawings if "<script" in drawing.read_text("utf-8")]


def test_every_place_in_the_code_that_a_document_names_exists():
    rooms = "kernel|stores|content_hub|data_hub|channels|matching|engagement|schemas|juzhen"
    named = {
        place
        for page in WRITTEN
        for place in re.findall(rf"`((?:{rooms})(?:/\w+)+(?:\.py)?)`", page.read_text("utf-8"))
    }

    assert named
    assert [place for place in sorted(named) if not (HOUSE / place).exists()] == []


def test_a_clause_that_names_a_bench_line_names_one_that_there_is(root):
    rules = tomllib.loads((root / "tests" / "rules.toml").read_text("utf-8"))
    texts = " ".join(text for clauses in rules.values() for text in clauses.values())
    named = set(re.findall(r"\(bench line: (\w+)\)", texts))

    assert named
    assert named <= {path.stem for path in (root / "bench").glob("*.py")}
