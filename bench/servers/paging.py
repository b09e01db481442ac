"""Two pages of Flask's, an empty one (``/``) and one that costs half a millisecond (``/page``):
through the front beside the intake (``bench.servers.paging:app``), or bare (``…:bare``)."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask

COST = 0.0005
bare = Flask("pages", static_folder=None)


@bare.get("/")
def empty() -> str:
    return ""


@bare.get("/page")
def page() -> str:
    until = time.thread_time() + COST
    while time.thread_time() < until:
        pass
    return ""


def __getattr__(name: str) -> Any:
    if name == "app":
        from bench.servers.intake import built

        return built(bare.wsgi_app)
    raise AttributeError(name)
