"""Every code that an answer may carry stands in the one table, with its words."""

import ast

from juzhen.web.codes import CODES, details
from kernel.wording import catalogue

SPELLERS = {"details", "refusal", "_Refused"}


def test_every_problem_of_the_house_has_its_code_in_the_table(modules):
    codes = {
        each.value.value
        for module in modules
        for node in module.nodes(ast.ClassDef)
        for each in node.body
        if isinstance(each, ast.Assign)
        and [getattr(target, "id", "") for target in each.targets] == ["code"]
        and isinstance(each.value, ast.Constant)
    }

    assert codes >= {"invalid", "channel_busy", "PERSISTED_QUERY_NOT_FOUND"}
    assert codes <= set(CODES)


def test_every_code_that_a_door_spells_itself_is_in_the_table(modules):
    spelled = {
        call.args[0].value: module.path
        for module in modules
        if module.path.startswith("juzhen/web/")
        for call in module.nodes(ast.Call)
        if getattr(call.func, "id", "") in SPELLERS and call.args
        and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip

    assert {"body_too_slow", "failed", "no_such_verb"} <= set(spelled)
    assert set(spelled) <= set(CODES), spelled


def test_only_the_table_writes_where_an_error_is_explained(modules):
    told = [module.path for module in modules if "/docs/errors#" in module.text]

    assert told == ["juzhen/web/codes.py"]


def test_every_code_has_a_title_and_a_cure():
    told = catalogue()

    assert [code for code in CODES if not {f"title_{code}", f"cure_{code}"} <= set(told)] == []


def test_a_code_that_nobody_wrote_down_is_answered_as_a_failure_of_ours():
    told = details("made_up", "en", "something")

    assert (told["code"], told["status"]) == ("failed", 500)
    assert told["type"] == "/docs/errors#failed"
