"""Names say what a thing is; words that say nothing name nothing here."""

import ast
import re

EMPTY_WORDS = {
    "utils",
    "util",
    "common",
    "core",
    "services",
    "service",
    "helpers",
    "helper",
    "misc",
}
EMPTY_ENDINGS = re.compile(
    r"(Manager|Service|Repository|Handler|Utils|Helper|Impl|DTO|VO|Exception)$|^(Base|Abstract)[A-Z]"
)
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_no_module_has_an_empty_name(modules):
    named = {part.removesuffix(".py") for module in modules for part in module.path.split("/")}
    assert named & EMPTY_WORDS == set()


def test_no_class_ends_in_an_empty_word(modules):
    wrong = [
        f"{module.path}: {node.name}"
        for module in modules
        for node in module.nodes(ast.ClassDef)
        if EMPTY_ENDINGS.search(node.name)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_no_question_begins_with_get(modules):
    wrong = [
        f"{module.path}: {node.name}"
        for module in modules
        for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef)
        if node.name.startswith("get_")
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_module_says_what_it_is_in_its_first_line_and_names_it_in_chinese(by_hand):
    wrong = [
        module.path
        for module in by_hand
        if not CHINESE.search((ast.get_docstring(module.tree) or "").split("\n")[0])
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_class_says_what_it_is(by_hand):
    wrong = [
        f"{module.path}: {node.name}"
        for module in by_hand
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_nothing_promises_to_be_done_later(modules):
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    assert [module.path for module in modules if later.search(module.text)] == []


IGNORE = re.compile(
    r"# (?:noqa: ((?:[A-Z]+\d+(?:, )?)+)|type: ignore\[([a-z, -]+)\]|(noqa|type: ignore)\b)(.*)"
)


def test_every_ignore_tells_its_reason(root, modules):
    """In what ships, in the benches and in the tests."""
    texts = {module.path: module.text for module in modules}
    for room in ("bench", "tests"):
        for file in (root / room).rglob("*.py"):
            texts[str(file.relative_to(root))] = file.read_text("utf-8")
    del texts["tests/house/test_names.py"]  # spells what it looks for
    wrong = [
        f"{path}:{number} {code or kind or bare}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        for code, kind, bare, reason in IGNORE.findall(line)
        if bare or len(reason.strip(" #-—()")) < 5
    ]
    assert not wrong, "\n".join(wrong)
