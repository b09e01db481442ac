"""Every reason that is given has its sentence, and every sentence is used."""

import ast
import re

import pytest

from data_hub.catalogue import KINDS
from juzhen.wiring import CHANNELS
from kernel.actors import _MAY, Role
from kernel.wording import catalogue, known

FIRST = {
    "Problem", "Conflict", "Forbidden", "SignedOff", "Overloaded", "Busy", "Refused", "SignedOut",
    "Unanswered", "say",
}  # fmt: skip
SECOND = {"Invalid", "Flaw"}


def reasons(module):
    """The keys of `kernel.wording` that a module gives, where they are written out."""
    for call in module.nodes(ast.Call):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        place = 0 if name in FIRST else 1 if name in SECOND else None
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
        if place is not None and len(call.args) > place:
            given.append(call.args[place])
        for each in given:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield f"{module.path}:{call.lineno}", each.value


def test_every_reason_has_its_sentence(modules):
    told = catalogue()
    wrong = [
        (place, key)
        for module in modules
        if "/contract" not in module.path  # the suites make reasons up
        for place, key in reasons(module)
        if key not in told
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_word_that_a_page_says_is_there_in_both_languages(root):
    """The sandbox's pages say their own."""
    told = catalogue()
    said = {
        (file.name, key)
        for file in root.rglob("juzhen/**/*.html")
        if "sandbox" not in file.parts
        for key in re.findall(r"\bt\('(\w+)'\s*[,)]", file.read_text("utf-8"))
    }
    assert len(said) > 500
    assert sorted(each for each in said if each[1] not in told) == []


OWN_COMMAS = re.compile(r"""(["'])(?:、|, |，)\1\.join|join\((["'])(?:、|, |，)\2\)""")


def test_nobody_but_the_words_chooses_the_commas_of_a_list_that_people_read(root, modules):
    """A list is joined by its language: `kernel.wording.joined`, ``t('list_comma')`` on a page."""
    pages = [file for file in root.rglob("juzhen/**/*.html") if "sandbox" not in file.parts]
    wrong = [file.name for file in pages if OWN_COMMAS.search(file.read_text("utf-8"))]
    wrong += [
        module.path
        for module in modules
        if '"、".join' in module.text and "sandbox" not in module.path
    ]
    assert (len(pages) > 100, wrong) == (True, [])


def test_no_sentence_parts_a_number_from_its_per_cent():
    told = [(key, words) for key, said in catalogue().items() for words in said.values()]
    assert [key for key, words in told if re.search(r"[\d}]\s%", words)] == []


def asked_of_the_asker(root, modules):
    """Every verb that somebody may be refused: in the table of roles, and wherever one is asked."""
    for allowed in _MAY.values():
        yield from allowed or ()
    for module in modules:
        for call in module.nodes(ast.Call):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = call.args if name in {"require", "may", "allowed", "can"} else []
            if name == "Forbidden":
                given = [each.value for each in call.keywords if each.arg == "verb"]
            yield from (
                each.value
                for each in given
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
    for file in root.rglob("juzhen/**/*.html"):
        yield from re.findall(r"\bcan\('(\w+)'\)", file.read_text("utf-8"))


def test_every_verb_and_role_that_a_refusal_names_has_a_word(root, modules):
    told, verbs = catalogue(), set(asked_of_the_asker(root, modules)) - {"me"}

    assert {"reveal_customers", "replay_events", "send_events"} <= verbs
    assert sorted(verb for verb in verbs if f"verb_{verb}" not in told) == []
    assert sorted(role for role in Role if f"role_{role}" not in told) == []


def kinds(module):
    """What is said not to be there."""
    for call in module.nodes(ast.Call):
        place = {"NotFound": 0, "there": 1}.get(getattr(call.func, "id", ""))
        if place is not None and len(call.args) > place:
            kind = call.args[place]
            if isinstance(kind, ast.Constant):
                yield kind.value


def test_every_kind_of_thing_that_is_not_found_has_a_word(modules):
    told, missed = catalogue(), {kind for module in modules for kind in kinds(module)}

    assert {"hand_off", "live_code"} <= missed
    assert sorted(kind for kind in missed | {"staff", "unit"} if f"kind_{kind}" not in told) == []


@pytest.fixture(scope="module")
def spoken(root, modules):
    """Every text of the code, whole or as the beginning of one that is put together."""
    whole, begun = set(), set()
    for module in modules:
        for node in module.nodes(ast.Constant, ast.JoinedStr):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun.add(node.values[0].value)
    for file in [*root.rglob("juzhen/**/*.html"), *root.rglob("juzhen/**/*.js")]:
        text = file.read_text("utf-8")
        whole |= set(re.findall(r"\w+", text))
        begun |= set(re.findall(r"['\"](\w+_)['\"] ?[~+]", text))
    return whole, tuple(part for part in begun if len(part) > 3)


def test_every_sentence_is_used(spoken):
    whole, begun = spoken
    unused = [key for key in catalogue() if key not in whole and not key.startswith(begun)]
    assert not unused, "\n".join(unused)


def test_every_kind_of_account_is_called_as_people_call_it():
    assert [kind for kind in CHANNELS if not known(f"account_kind_{kind}")] == []


def acts(module):
    """What is written down as done, where its name is written out."""
    for call in module.nodes(ast.Call):
        kept = getattr(getattr(call.func, "value", None), "attr", "")
        if getattr(call.func, "attr", "") in {"note", "note_all"} and kept in {
            "changes",
            "_changes",
        }:
            first = call.args[0]
            if isinstance(first, ast.Constant):
                yield f"{module.path}:{call.lineno}", first.value


def test_whatever_we_do_has_words_in_the_stream_of_events(modules):
    done = {each for module in modules for each in acts(module)}
    assert len(done) > 100
    silent = [(place, act) for place, act in done if act not in KINDS and not known(f"did_{act}")]
    assert sorted(silent) == []
