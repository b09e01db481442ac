"""Offline (离线): the workbench on a phone's home screen, and what it says without a network.

A manifest so that it can be installed, a worker for the browser and the page that it shows when
nothing answers. Only that page and the files it is made of are kept on the phone: no customer is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Blueprint, Response

from juzhen.web import pages
from juzhen.web.asking import language
from juzhen.workbench.saying import rep
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_COLOURS = {"theme_color": "#0b5a5a", "background_color": "#f7f6f2"}


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/manifest.webmanifest")
    def manifest() -> Response:
        rep()
        tongue = language()
        told = {
            "name": f"{say('juzhen', tongue)} · {platform.settings.company_name}",
            "short_name": say("juzhen", tongue), "lang": "zh-CN" if tongue == "zh" else "en",
            "id": "/workbench/", "start_url": "/workbench/", "scope": "/workbench/",
            "display": "standalone", **_COLOURS,
            "icons": [
                {"src": pages.asset("juzhen.svg"), "type": "image/svg+xml", "sizes": "any"},
                *(
                    {
                        "src": pages.asset(f"juzhen-{size}.png"), "type": "image/png",
                        "sizes": f"{size}x{size}", "purpose": purpose,
                    }
                    for size in (192, 512) for purpose in ("any", "maskable")
                ),
            ],
        }  # fmt: skip
        return Response(orjson.dumps(told), content_type="application/manifest+json")

    @door.get("/worker.js")
    def worker() -> Response:
        """Under this address, because a worker minds only what lies below its own."""
        return Response(pages.static("worker.js"), content_type="text/javascript; charset=utf-8")

    @door.get("/offline")
    def offline() -> Response:
        """What is seen without a network: told of nobody, so that it may stay on the phone."""
        rep()
        return pages.page("workbench/offline.html", tab="", unread=0)
