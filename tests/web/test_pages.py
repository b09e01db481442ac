"""Pages are compiled once for all processes of a machine, and shown where that cannot be kept."""

import pytest
from markupsafe import Markup, escape

from juzhen.settings import begin, load
from juzhen.web import app
from juzhen.web.pages import speak
from juzhen.wiring import assemble
from tests.blank import migrate


@pytest.fixture
def home(tmp_path):
    begin(tmp_path, stores_durability="process")
    migrate(load({"JUZHEN_HOME": str(tmp_path)}))
    return tmp_path


def shown(home):
    """The page for signing in, by a process that has just begun."""
    platform = assemble(load({"JUZHEN_HOME": str(home)}))
    answer = app.create(platform).test_client().get("/login")
    platform.close()
    assert answer.status_code == 200
    return answer.text.count("<form"), answer.text.count("<input")


def kept(home):
    return {file: file.stat().st_mtime_ns for file in (home / "run" / "pages").iterdir()}


def test_a_page_that_one_process_compiled_is_compiled_by_no_other(home):
    first = shown(home)
    compiled = kept(home)
    assert len(compiled) >= 2  # it, and what all pages have around them

    assert shown(home) == first
    assert kept(home) == compiled


def test_what_was_kept_and_is_broken_is_compiled_anew(home):
    first = shown(home)
    for file in kept(home):
        file.write_bytes(file.read_bytes()[:-20])

    assert shown(home) == first


def test_where_nothing_can_be_kept_pages_are_shown_all_the_same(home):
    (home / "run").mkdir()
    (home / "run" / "pages").write_text("no folder")

    assert shown(home) == shown(home)


def test_of_what_a_sentence_is_told_only_a_piece_of_the_page_is_one(home):
    """`learning_look` has a moment in it; whatever else it is told is text."""
    platform = assemble(load({"JUZHEN_HOME": str(home)}))
    with app.create(platform).test_request_context("/login"):
        told = speak("learning_look", number="<b>", of=4, at=Markup("<time>九点</time>"))
        plain = speak("learning_look", number="<b>", of=4, at="<time>")
    platform.close()
    assert str(told) == "第 &lt;b&gt; 次查看（共 4 次），计到 <time>九点</time>"
    assert escape(told) == told, "and stays as it is where a page shows it"
    assert escape(plain) == "第 &lt;b&gt; 次查看（共 4 次），计到 &lt;time&gt;"
