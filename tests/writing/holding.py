"""Watches writes: where in the product each begins, and for how long it kept its lock."""

import ast
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from time import thread_time

ROOT = Path(__file__).resolve().parents[2]
STORES = ("records", "people", "_file", "_records", "_people")
"""How a store whose lock others wait for is called where it is written to."""
BEGIN = ("write", "jot")
ASIDE = ("juzhen/migrations/", "juzhen/sandbox/", "stores/contract/")
"""Nobody works beside these: a migration stops the company, the sandbox is another program."""


def places(modules):
    """Every function that opens a write, as ``path:Class.function``."""
    found = set()
    for module in modules:
        if not module.path.startswith(ASIDE):
            _walk(module.tree, module.path, "", found)
    return found


def _walk(node, path, name, found):
    for child in ast.iter_child_nodes(node):
        inside = name
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            inside = f"{name}.{child.name}" if name else child.name
        if _writes(child):
            found.add(f"{path}:{name}")
        _walk(child, path, inside, found)


def _writes(node):
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return (
        call and node.func.attr in BEGIN and ast.unparse(node.func.value).endswith(STORES)
    )  # fmt: skip


class Holding:
    """What every write of some stores takes, while it has the lock, of its thread's own time.

    Time that another process had the processor for is not ours to shorten, so it does not count.
    """

    def __init__(self, *stores):
        self.met = set()
        self.held = []
        self._inside = {}
        for store in stores:
            for name in BEGIN:
                if begin := getattr(store, name, None):
                    setattr(store, name, self._watching(store, begin))

    def _watching(self, store, write):
        def watched(*about, **how):
            frame = sys._getframe(1)
            path = Path(frame.f_code.co_filename)
            place = ""
            if path.is_relative_to(ROOT):
                place = f"{path.relative_to(ROOT)}:{frame.f_code.co_qualname}"
                self.met.add(place)
            return self._timed((id(store), get_ident()), place, write(*about, **how))

        return watched

    @contextmanager
    def _timed(self, here, place, turn):
        if here in self._inside:  # it joins: whoever has the lock is timed already
            with turn as session:
                yield session
            return
        self._inside[here] = True
        begun = thread_time()
        try:
            with turn as session:
                yield session
        finally:
            del self._inside[here]
            self.held.append((thread_time() - begun, place))

    def longest(self, act):
        """The longest that one doing of it held any lock, and where."""
        self.held.clear()
        act()
        return max(self.held, default=(0.0, ""))
