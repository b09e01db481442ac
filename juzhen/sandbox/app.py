"""The sandbox as a process (沙箱进程): the platforms' local twin, on a port and folder of its own.

``create`` makes the web application, ``serve`` runs it until it is told to stop. It is served by
werkzeug's own server and not by the product's, because a stand-in must be able to hang up in the
middle of an answer. Speaks to the hub over HTTP like any platform.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from juzhen.sandbox import (
    app_twin,
    audience,
    control,
    mass,  # noqa: F401 - answers among the official account's own calls
    mini,
    ocean,
    official,
    pages,
    receiver,
    shop,
    sms,
    transport,
)
from juzhen.sandbox.accounts import AdAccount, Corp, Creator, OfficialAccount
from juzhen.sandbox.acting import Acting
from juzhen.sandbox.cast import people_of
from juzhen.sandbox.douyin import api as douyin_api
from juzhen.sandbox.douyin import pages as douyin_pages
from juzhen.sandbox.wecom import api as wecom_api
from juzhen.sandbox.wecom import pages as wecom_pages
from juzhen.sandbox.world import Settings, World, assemble

_LOG = logging.getLogger("juzhen.sandbox")
_BEAT_SECONDS = 0.1
_UPLOAD_BYTES = 12_000_000


def create(settings: Settings) -> Flask:
    """The web application; its world is ``app.extensions["world"]``."""
    world = assemble(settings)
    _configured(world)
    app = Flask("juzhen.sandbox", root_path=str(Path(__file__).parent), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = _UPLOAD_BYTES
    app.extensions["world"] = world
    transport.misbehave(app, world)
    for door in (official, audience, mini, control, pages, app_twin, wecom_api, wecom_pages):
        app.register_blueprint(door.blueprint(world))
    app.register_blueprint(sms.blueprint(world.texts, world.accounts))
    app.register_blueprint(receiver.blueprint(world.hooks, world.accounts))
    app.register_blueprint(shop.blueprint(world.till, world.accounts))
    app.register_blueprint(ocean.blueprint(world.clues, world.accounts))
    studio, hooks, known = world.studio, world.webhooks, world.accounts
    app.register_blueprint(douyin_api.blueprint(studio, known, world.clock))
    app.register_blueprint(douyin_pages.blueprint(studio, hooks, known, world.clock))
    return app


def _configured(world: World) -> None:
    """Accounts that ``accounts.json`` in the folder describes, and what ``campaign.json`` says
    runs through all of them."""
    runs = world.settings.folder / "campaign.json"
    if runs.exists():
        world.ledger.keep("campaign", json.loads(runs.read_text("utf-8")))
    file = world.settings.folder / "accounts.json"
    if not file.exists():
        return
    for told in json.loads(file.read_text("utf-8")):
        account = world.accounts.add(told)
        if isinstance(account, Creator) and told.get("granted"):
            world.studio.granted(account, told["granted"])
        if isinstance(account, AdAccount) and told.get("granted"):
            world.clues.given(account, told["granted"])
        if isinstance(account, Corp):
            world.friends.invite(account, people_of(account.appid, told, seed=world.settings.seed))
        elif isinstance(account, OfficialAccount) and not world.followers.of(account):
            people = people_of(account.appid, told, seed=world.settings.seed)
            world.followers.invite(account, people)


class _Manners(WSGIRequestHandler):
    """Keeps connections open, writes no log, and hangs up where the application did."""

    protocol_version = "HTTP/1.1"

    def connection_dropped(
        self, error: BaseException, environ: WSGIEnvironment | None = None
    ) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's name
        """The journal holds what matters."""


class Process:
    """A sandbox that listens, beats and acts until it is stopped."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._app = create(settings)
        self.world: World = self._app.extensions["world"]
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=_Manners
        )
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="serve"),
            self._again(_BEAT_SECONDS, self.world.beat, "beat"),
        ]
        if settings.act_every > 0:
            acting = Acting(self.world, settings.seed)
            self._threads.append(self._again(settings.act_every, acting.turn, "act"))

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every thread; whatever is due is kept."""
        self._stop.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self.world.close()

    def _again(self, every: float, act: Callable[[], object], name: str) -> threading.Thread:
        def go_on() -> None:
            while not self._stop.wait(every):
                try:
                    act()
                except Exception:  # noqa: BLE001  # the outermost loop: told, and gone on with
                    _LOG.exception("%s failed", name)

        return threading.Thread(target=go_on, name=name)


def serve(port: int, folder: Path | str, hub: str, seed: int = 7, act_every: float = 20.0) -> None:
    """Run a sandbox in this process until SIGINT or SIGTERM."""
    settings = Settings(folder=Path(folder), hub=hub, seed=seed, act_every=act_every)
    process = Process(settings, port)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    process.start()
    _announce(f"sandbox http://127.0.0.1:{process.port}/")
    ended.wait()
    process.stop()


def _announce(line: str) -> None:
    """One line for whoever started us: where we listen."""
    os.write(1, f"{line}\n".encode())
