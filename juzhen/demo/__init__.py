"""The demo (演示): a made-up insurer and wealth manager, built once and then lived in.

`run` builds it if it is not there, starts web, worker and sandbox, and stays until told to end.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import urllib3
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from juzhen import migrations
from juzhen.demo.home import FILE, built, forget, read, refuse_stores, settings_of
from juzhen.settings import Settings, environment_of
from juzhen.supervisor import Supervisor
from kernel.wording import say
from stores.records import Records

__all__ = ["forget", "run"]

_PATIENCE = 60.0
_QUERY = '{ shelf(channel: "channel_app", first: 3) { nodes { title closes } } }'


def run(home: Path, port: int, *, elsewhere: bool = False) -> None:
    """Build the company if need be, start everything, end everything on Ctrl-C. Only ``elsewhere``
    lets it keep anything in the stores that the environment names."""
    if not elsewhere:
        refuse_stores(os.environ)
    console = Console()
    if not built(home):
        _build(home, port, console)
    settings = settings_of(home, port)
    _go_on(home, settings)
    family = Supervisor(_commands(home, settings), environment_of(settings))
    family.start()
    waiting = threading.Thread(target=_welcome, args=(home, settings, console), daemon=True)
    waiting.start()
    family.watch()


def _go_on(home: Path, settings: Settings) -> None:
    """Bring an older company up to this version and port; mostly there is nothing to do."""
    stores = {"records": settings.records_url, "people": settings.people_url}
    if any(_behind(part, url) for part, url in stores.items()):
        from juzhen.wiring import migrate

        migrate(settings)
    if read(home)["sandbox_url"] != settings.demo_sandbox:
        from juzhen.demo.build import move

        move(home, settings)


def _behind(part: str, url: str) -> bool:
    kept = Records(url)
    try:
        return migrations.pending(kept.engine, part)
    finally:
        kept.close()


def _build(home: Path, port: int, console: Console) -> None:
    from juzhen.demo.build import build

    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        steps = {
            name: progress.add_task(say(f"demo_step_{name}", "zh"), total=None)
            for name in ("company", "people", "library", "events")
        }
        build(
            home,
            port,
            lambda step, done, whole: progress.update(steps[step], completed=done, total=whole),
        )


def _commands(home: Path, settings: Settings) -> dict[str, list[str]]:
    sandbox = [
        "sandbox", "--port", str(settings.web_port + 1), "--folder", str(home / "sandbox"),
        "--hub", settings.public_url,
    ]  # fmt: skip
    return {"web": ["serve"], "worker": ["worker"], "sandbox": sandbox}


def _welcome(home: Path, settings: Settings, console: Console) -> None:
    """Once the first request is answered, say where to go."""
    http = urllib3.PoolManager(retries=False, timeout=1.0)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            if http.request("GET", f"{settings.public_url}/livez").status == 200:
                break
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.2)
    told = read(home)
    console.print(say("demo_is_ready", url=told["url"], sandbox=told["sandbox_url"]))
    for login in told["logins"]:
        console.print(f"  {login['role']:<10} {login['name']:<14} {login['password']}")
    query = json.dumps({"query": _QUERY})
    token = told["tokens"]["channel_app"]
    console.print(say("demo_first_query"))
    console.print(
        f"  curl -s {told['url']}/graphql -H 'Authorization: Bearer {token}'"
        f" -H 'Content-Type: application/json' -d '{query}'",
        soft_wrap=True,
    )
    console.print(say("demo_ends", file=str(home / FILE)))
