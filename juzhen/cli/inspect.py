"""Commands that look and tell (体检与规则): check, doctor, rules, bench, docs. Change nothing."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
from rich.console import Console

from juzhen.cli.company import json_option, platform, show
from juzhen.cli.measured import ROOT, told
from juzhen.settings import load
from kernel.wording import LANGUAGES

_BENCH = re.compile(r"\(bench line: (\w+)\)")
"""How a clause about speed names what shows it; `tests/house` says that the line is there."""


@click.command()
@json_option
def check(as_json: bool) -> None:
    """Walk the invariants of all stores. Exit code 1 if any is broken.

    Example: juzhen check
    """
    from juzhen.check import flaws

    with platform() as company:
        found = [{"where": where, "flaw": flaw} for where, flaw in flaws(company)]
    if found or as_json:
        show(found, as_json)
    if found:
        sys.exit(1)
    click.echo("Every invariant holds.", err=as_json)


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is reachable, what is missing and what to do about it.

    Example: juzhen doctor
    """
    from juzhen.check import doctor as outside
    from juzhen.check import doctor_inside

    found = list(outside(load()))
    if all(each.good for each in found if each.what == "records"):
        with platform(ready=False) as company:
            found += doctor_inside(company)
    rows = [
        {
            "": "✓" if each.good else "✗",
            "what": each.what,
            "found": each.says,
            "do": "" if each.good else each.advice,
        }
        for each in found
    ]
    show(rows, as_json)
    sys.exit(1 if any(row[""] == "✗" for row in rows) else 0)


@click.command()
@click.option("--run/--no-run", default=True, help="Run the tests that cite rules first.")
@json_option
def rules(run: bool, as_json: bool) -> None:
    """Say which clauses of the product rules a passing test shows. From a checkout only.

    Example: make rules
    """
    clauses = {
        f"{rule}.{number}": text
        for rule, numbered in tomllib.loads((ROOT / "tests/rules.toml").read_text("utf-8")).items()
        for number, text in numbered.items()
    }
    cited = _shown(run)
    named = {key: name[1] for key, text in clauses.items() if (name := _BENCH.search(text))}
    measured = {key: told(name) for key, name in named.items()}
    shown = (cited & clauses.keys()) | {key for key, (met, _) in measured.items() if met}
    rows = [
        {"clause": key, "shown": _how(key, cited, measured), "says": text}
        for key, text in clauses.items()
    ]
    whole = {key.split(".")[0] for key in clauses}
    whole -= {key.split(".")[0] for key in clauses.keys() - shown}
    show(rows, as_json)
    console = Console(stderr=as_json)
    console.print(f"{len(shown)} of {len(clauses)} clauses shown.")
    console.print(f"Rules shown with every clause: {', '.join(sorted(whole, key=_number))}")
    if unknown := sorted(cited - clauses.keys()):
        console.print(f"Cited, but in no rule: {', '.join(unknown)}")
        sys.exit(1)


def _shown(run: bool) -> set[str]:
    """Clauses cited by tests: by those that pass if they are run, else by all."""
    listing = ROOT / ".pytest_cache" / "rules.txt"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "rule", "--rules-to", str(listing)]
    listing.parent.mkdir(exist_ok=True)
    listing.unlink(missing_ok=True)  # a run that breaks off leaves no older one behind
    subprocess.run(
        [*command, *(() if run else ("--collect-only",))],
        cwd=ROOT, check=False, stdout=subprocess.DEVNULL if not run else None,
    )  # fmt: skip
    if not listing.exists():
        click.echo("The run of the tests broke off: no clause is known as shown.", err=True)
        sys.exit(1)
    return set(listing.read_text("utf-8").split())


def _how(clause: str, cited: set[str], measured: dict[str, tuple[bool, str]]) -> str:
    return "✓" if clause in cited else measured[clause][1] if clause in measured else ""


def _number(rule: str) -> int:
    return int(re.sub(r"\D", "", rule) or 0)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--events", type=click.Path(exists=True, path_type=Path), help="A log to judge by.")
@click.option("--items", type=click.Path(exists=True, path_type=Path), help="What it is about.")
@click.option("--users", type=click.Path(exists=True, path_type=Path), help="Who is in it.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", help="Of what is told.")
@json_option
def bench(
    names: tuple[str, ...],
    events: Path | None,
    items: Path | None,
    users: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Measure the hot paths; one JSON line each. From a checkout only.

    ``matching --events FILE`` judges the recommender on your own log instead, wherever installed:
    NDCG@10, recall@20, coverage, cold starts and freshness against popularity, item-kNN and EASE,
    and says who ranks best, by how much and what to do. FILE is the folder that
    `juzhen export readings` wrote, or a file of its own: each line is JSON, or CSV under a head,
    with user, item, ts (ISO 8601 or seconds) and, if you like, weight; of --items with id and tags
    (a|b; without it, the company's own materials); of --users with id, and anything else that is
    told of her.

    Example: juzhen bench matching --events readings/ --language zh
    """
    if events is not None:
        if names != ("matching",):
            raise click.UsageError("--events goes with `matching` alone")
        from juzhen.cli.judging import judged, tell_people

        found = judged(events, items, users)
        if as_json:
            show(found.table, as_json)
        else:
            tell_people(found, language)
        return
    only = [f"ONLY={','.join(names)}"] if names else []
    sys.exit(subprocess.call([sys.executable, str(ROOT / "bench" / "run.py"), *only], cwd=ROOT))


@click.command()
def docs() -> None:
    """Write the reference pages, the SDL and OpenAPI anew. From a checkout only.

    Example: make docs
    """
    from juzhen.reference import write

    for page in write(ROOT / "docs", click.get_current_context().find_root().command):
        click.echo(page)


COMMANDS: list[click.Command] = [check, doctor, rules, bench, docs]
