"""``python -m juzhen.sandbox``: the sandbox (沙箱) by itself, without the rest of the product."""

from __future__ import annotations

from pathlib import Path

import click

from juzhen.sandbox.app import serve


@click.command()
@click.option("--port", default=8001, show_default=True, help="Where it listens; 0 picks one.")
@click.option("--folder", default="var/sandbox", show_default=True, help="Where it keeps its file.")
@click.option(
    "--hub", default="http://127.0.0.1:8000", show_default=True, help="Whom it calls back."
)
@click.option("--seed", default=7, show_default=True, help="The same seed, the same people.")
@click.option("--act-every", default=20.0, show_default=True, help="Seconds; 0 is never.")
def main(port: int, folder: str, hub: str, seed: int, act_every: float) -> None:
    """Play the platforms on this machine, for a hub on this machine."""
    serve(port, Path(folder), hub, seed, act_every)


main()
