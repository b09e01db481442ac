"""Files and functions stay small enough to be read at once."""

import ast

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
USUAL_FUNCTION = 30


def functions(modules):
    for module in modules:
        for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            yield f"{module.path} {node.name}", node.end_lineno - node.lineno + 1


def test_no_file_is_longer_than_400_lines(modules):
    lengths = {module.path: len(module.text.splitlines()) for module in modules}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines(by_hand):
    long = {name: length for name, length in functions(by_hand) if length > LONGEST_FUNCTION}
    assert long == {}


def test_19_of_20_functions_are_shorter_than_30_lines(by_hand):
    lengths = [length for _, length in functions(by_hand)]
    assert sum(length <= USUAL_FUNCTION for length in lengths) / len(lengths) > 0.95
