"""Little JavaScript, all of it our own."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST, MOST_EACH = 1_500, 200


def scripts():
    return {
        path.relative_to(ROOT): path.read_text("utf-8")
        for path in ROOT.joinpath("juzhen").rglob("*.js")
    }


def test_all_surfaces_together_have_at_most_1500_lines_of_javascript():
    lengths = {path: len(text.splitlines()) for path, text in scripts().items()}
    assert lengths
    assert sum(lengths.values()) <= MOST, lengths
    assert {path: length for path, length in lengths.items() if length > MOST_EACH} == {}


def test_no_script_or_style_comes_from_elsewhere():
    for path, text in scripts().items():
        assert "http://" not in text.replace("http://www.w3.org", ""), path
        assert "https://" not in text, path
        assert "import " not in text or 'from "./' in text, path
