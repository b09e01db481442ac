"""Commands that run something (运行): serve, worker, dev, demo, sandbox."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from juzhen.cli.company import BY, first_administrator, json_option, show
from juzhen.settings import Settings, begin, environment_of, load, require_keys
from kernel.errors import Overloaded

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_AGAIN = 1.0
"""Seconds until stores that were away are asked again."""


@click.command()
def serve() -> None:
    """Answer requests until stopped.

    Example: JUZHEN_WEB_PORT=8080 juzhen serve
    """
    from juzhen.web import serving

    serving.serve(load())


@click.command()
def worker() -> None:
    """Do what is due until stopped: fold, digest, publish, withdraw, remind.

    Example: juzhen worker
    """
    from juzhen import logs, metrics
    from juzhen import worker as duties
    from juzhen.counting import scraped
    from juzhen.garbage import seldom
    from juzhen.vitals import Vitals

    settings = load()
    logs.start(settings.log_level, process="worker")
    metrics.share(settings.home / "run" / "metrics")
    platform = _once_there(settings)
    port = settings.worker_metrics_port
    vitals = Vitals(port, lambda: scraped(platform.fold)) if port else None
    working = duties.Worker(
        duties.lanes(platform), platform.leases, drain=settings.worker_drain,
        pulse=duties.pulse(platform),
    )  # fmt: skip
    seldom()
    working.run()
    if vitals is not None:
        vitals.close()
    platform.close()


def _once_there(settings: Settings) -> Platform:
    """The house, as soon as its stores answer: a database that starts at the same time, or is
    being restarted, is waited for."""
    from juzhen.wiring import assemble
    from juzhen.wiring.engines import NoAnswer
    from kernel import logs

    while True:
        platform = None
        try:
            platform = assemble(settings)
            platform.require_ready()
        except (Overloaded, NoAnswer) as away:
            logs.warning("stores_are_away", says=str(away))
            if platform is not None:
                platform.close()
            time.sleep(_AGAIN)
        else:
            return platform


@click.command()
def dev() -> None:
    """Run web and worker together, as one process tree.

    Example: juzhen init && juzhen dev
    """
    from juzhen.supervisor import Supervisor

    settings = load()
    require_keys(settings)  # else both would be started again for ever
    family = Supervisor({"web": ["serve"], "worker": ["worker"]}, environment_of(settings))
    family.start()
    family.watch()


@click.command()
@click.option("--home", type=click.Path(path_type=Path), default=Path("juzhen-demo"))
@click.option("--port", type=int, default=8000, help="Port of the pages; the sandbox has the next.")
@click.option("--reset", is_flag=True, help="Forget the demo company; the next run builds it anew.")
@click.option(
    "--elsewhere", is_flag=True,
    help="Keep its data in the stores that the environment names; refused without this.",
)  # fmt: skip
def demo(home: Path, port: int, reset: bool, elsewhere: bool) -> None:
    """Build a made-up insurer with 3,000 customers and start everything.

    Example: juzhen demo --port 8000
    """
    from juzhen.demo import forget, run

    if reset:
        forget(home)
        click.echo(f"The demo company in {home} is forgotten.")
        return
    run(home, port, elsewhere=elsewhere)


@click.command()
@click.option("--port", type=int, default=8001, help="Port on the loopback.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("sandbox"))
@click.option("--hub", default="http://127.0.0.1:8000", help="Where juzhen answers callbacks.")
@click.option("--seed", type=int, default=7, help="The same seed acts the same way.")
@click.option("--act-every", type=float, default=20.0, help="Seconds between acts; 0 for none.")
def sandbox(port: int, folder: Path, hub: str, seed: int, act_every: float) -> None:
    """Play the outside platforms on this machine.

    Example: juzhen sandbox --port 8001 --hub http://127.0.0.1:8000
    """
    from juzhen.sandbox import app

    app.serve(port=port, folder=folder, hub=hub, seed=seed, act_every=act_every)


@click.command()
@click.option("--home", type=click.Path(path_type=Path), default=None, help="The folder.")
@click.option("--name", default="我的公司", help="The company's name.")
@json_option
def init(home: Path | None, name: str, as_json: bool) -> None:
    """Begin a company: settings with keys of its own, empty stores, a first administrator.

    Example: juzhen init --home ./company --name 安和人寿
    """
    from juzhen.wiring import assemble, migrate

    folder = home or load().home
    file = begin(folder, company_name=name)
    settings = load(home=folder)
    migrate(settings)
    platform = assemble(settings)
    login = first_administrator(platform)
    platform.taxonomy.ship(by=BY)
    platform.close()
    if as_json:
        told = dict(zip(("name", "password"), login, strict=True)) if login else None
        show([{"settings": str(file), "login": told}], as_json)
        return
    click.echo(f"Settings are in {file} (mode 0600).")
    if login:
        click.echo(f"Sign in as {login[0]} with the password {login[1]} and change it.")
    else:
        click.echo("The company has its people already.")


COMMANDS: list[click.Command] = [init, serve, worker, dev, demo, sandbox]
