"""What is documented is used: every setting is read, every metric is counted."""

import ast
import dataclasses

from juzhen.metrics import METRICS
from juzhen.settings import Settings

HOME = "juzhen/settings/record.py"


def attributes(nodes, of):
    """The attributes that pieces of code read of something by that name."""
    return {
        each.attr
        for each in nodes
        if isinstance(each, ast.Attribute)
        and of in {getattr(each.value, "id", ""), getattr(each.value, "attr", "")}
    }


def test_every_setting_is_read_by_somebody(modules):
    read = set().union(
        *(
            attributes(module.nodes(ast.Attribute), "settings")
            for module in modules
            if module.path != HOME
        )
    )
    wiring = [module for module in modules if module.path.startswith("juzhen/wiring/")]
    read |= {str(node.value) for module in wiring for node in module.nodes(ast.Constant)}
    home = next(module for module in modules if module.path == HOME)
    for property_ in home.nodes(ast.FunctionDef):
        if property_.name in read:
            read |= attributes(ast.walk(property_), "self")

    assert [each.name for each in dataclasses.fields(Settings) if each.name not in read] == []


def test_every_metric_is_counted_where_it_happens(modules):
    named = {
        node.value
        for module in modules
        if module.path != "juzhen/metrics.py"
        for node in module.nodes(ast.Constant)
        if isinstance(node.value, str)
    }

    assert set(METRICS) - named == set()
