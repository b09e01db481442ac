"""Commands about content (内容): products, words that rules are about, sheets in and out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from content_hub import sheets
from juzhen.cli.company import BY, json_option, platform, show
from juzhen.cli.keep import export
from juzhen.cli.progress import progress
from kernel.errors import Flaw
from kernel.ids import PAGE_LIMIT

if TYPE_CHECKING:
    from content_hub.products import Product, Products


@click.group()
def product() -> None:
    """Products that materials name by their code.

    Example: juzhen product list
    """


@product.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--category", default="")
@click.option("--risk", default="", help="R1 to R5.")
@click.option("--price", default="")
@click.option("--benefit", default="")
@json_option
def add_product(
    code: str, name: str, category: str, risk: str, price: str, benefit: str, as_json: bool
) -> None:
    """Make a product.

    Example: juzhen product add yl_01 --name 颐养年金 --category annuity --risk R1 --price 5000
    """
    with platform() as company:
        made = company.products.add(
            code, name, category=category, risk_level=risk, price=price, benefit=benefit, by=BY
        )
    show([{"id": made.id, "code": made.code}], as_json)


@product.command("list")
@click.option("--category", default="")
@json_option
def list_products(category: str, as_json: bool) -> None:
    """Say which products there are and which are sold now.

    Example: juzhen product list --json
    """
    with platform() as company:
        now = company.clock()
        rows = [
            {
                "code": each.code, "name": each.name, "category": each.category,
                "risk": each.risk_level, "on_sale": each.on_sale(now),
            }
            for each in _everything(company.products, category)
        ]  # fmt: skip
    show(rows, as_json)


def _everything(products: Products, category: str) -> Iterator[Product]:
    page = products.page(category=category, first=PAGE_LIMIT)
    yield from page.items
    while page.next:
        page = products.page(category=category, first=PAGE_LIMIT, after=page.next)
        yield from page.items


@product.command("off-sale")
@click.argument("code")
@json_option
def off_sale(code: str, as_json: bool) -> None:
    """Sell it no more from now on; every material that names it leaves every shelf at once.

    Example: juzhen product off-sale yl_01
    """
    with platform() as company:
        done = company.products.take_off_sale(code, by=BY)
    show([{"code": done.product.code, "materials_off_shelf": done.materials}], as_json)


@product.command("on-sale")
@click.argument("code")
def on_sale(code: str) -> None:
    """Sell it again; what is still promised to a shelf stands on it again.

    Example: juzhen product on-sale yl_01
    """
    with platform() as company:
        company.products.put_on_sale(code, by=BY)


@click.group()
def words() -> None:
    """Words that texts must not say, or that somebody has to answer for.

    Example: juzhen words list
    """


@words.command("list")
@json_option
def list_words(as_json: bool) -> None:
    """Say which words rules are about, and what each does.

    Example: juzhen words list
    """
    with platform() as company:
        rows = [
            {"word": rule.word, "kind": rule.kind, "severity": rule.severity}
            for rule in company.compliance.rules()
        ]
    show(rows, as_json)


@words.command("set")
@click.argument("word")
@click.option("--kind", type=click.Choice(["forbidden", "jargon"]), default="forbidden")
@click.option(
    "--severity", type=click.Choice(["block", "acknowledge", "warn", "off"]), default="block"
)
@click.option("--harmless", multiple=True, help="A longer phrase in which it does no harm.")
def set_word(word: str, kind: str, severity: str, harmless: tuple[str, ...]) -> None:
    """Make or change what a word does.

    Example: juzhen words set 稳赚 --severity block --harmless 没有稳赚
    """
    with platform() as company:
        company.compliance.set_rule(word, kind=kind, severity=severity, harmless=harmless, by=BY)


@click.group("import", invoke_without_command=True)
@click.option(
    "--all", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Bring in the whole company that `juzhen export --all` wrote, into empty stores.",
)  # fmt: skip
@click.pass_context
def bring(context: click.Context, folder: Path | None) -> None:
    """Bring sheets in: CSV, XLSX or JSON lines.

    Example: juzhen import --all /srv/moving
    """
    if folder is not None and context.invoked_subcommand is None:
        from juzhen.cli.moving import bring_in

        bring_in(folder)
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())


@bring.command("materials")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be refused and write nothing.")
@click.option("--resume", default="", help="The run that broke off; goes on behind its last line.")
@json_option
def bring_materials(file: Path, dry_run: bool, resume: str, as_json: bool) -> None:
    """Make and edit materials: code, type, title, summary, body, cover, tags, fields.<name>.

    Example: juzhen import materials library.csv --dry-run
    """
    with platform() as company, progress() as bar:
        task = bar.add_task(file.name, total=sheets.last_line(file))
        brought = company.bringing.bring(
            sheets.rows(file), source=file.name, by=BY, dry_run=dry_run, resume=resume,
            tell=lambda so_far: bar.update(task, completed=so_far.line),
        )  # fmt: skip
    told = {
        "run": "" if dry_run else brought.run, "made": brought.made, "edited": brought.edited,
        "refused": brought.refused,
    }  # fmt: skip
    tell(told, brought.flaws, as_json)


@bring.command("tags")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--account", "--wecom", "account", default="",
    help="An account whose platform's tags come in instead.",
)  # fmt: skip
@click.option(
    "--facet", default="", help="For rows that name none; audience for a platform's tags."
)
@click.option("--dry-run", is_flag=True, help="Say what would be refused and write nothing.")
@json_option
def bring_tags(file: Path | None, account: str, facet: str, dry_run: bool, as_json: bool) -> None:
    """Make and edit tags: code, facet, zh, en, synonyms (by ;), parent (a code or label).

    Example: juzhen import tags tags.csv --dry-run
    """
    if (file is None) == (not account):
        raise click.UsageError("name a file, or an account with --account")
    with platform() as company, progress() as bar:
        told = sheets.rows(file) if file else company.vocabularies.rows(account)
        task = bar.add_task(file.name if file else account, total=None)
        brought = company.bringing_tags.bring(
            told, by=BY, facet=facet or ("topic" if file else "audience"), dry_run=dry_run,
            tell=lambda so_far: bar.update(task, completed=so_far),
        )  # fmt: skip
    tell(
        {
            "act": brought.act, "made": brought.made, "edited": brought.edited,
            "refused": brought.refused,
        },
        brought.flaws, as_json,
    )  # fmt: skip


@bring.command("undo")
@click.argument("run")
@click.option("--dry-run", is_flag=True, help="Say what would be taken back, take nothing.")
@json_option
def undo_import(run: str, dry_run: bool, as_json: bool) -> None:
    """Take back what a run did, except what somebody edited since; of materials, of tags, or of
    customers, orders and events (see it first with --dry-run).

    Example: juzhen import undo imp_1m8…
    """
    with platform() as company:
        if run.startswith("fil_"):
            show([_file_undone(company, run, dry_run)], as_json)
            return
        if dry_run:
            raise click.UsageError("--dry-run is for imports of customers, orders and events")
        if run.startswith("tga_"):
            company.taxonomy.acts.undo(run, by=BY)
            show([{"run": run}], as_json)
            return
        with progress() as bar:
            task = bar.add_task(run, total=company.bringing.size(run))
            done = company.bringing.undo(
                run, by=BY, tell=lambda so_far: bar.update(task, completed=so_far)
            )
        show([{"run": run, "as_before": done}], as_json)


def _file_undone(company: Any, run: str, dry: bool) -> dict[str, Any]:
    with progress() as bar:
        kept = company.undoing.one(run)
        task = bar.add_task(run, total=kept.accepted or None)

        def tell(so_far: int) -> None:
            bar.update(task, completed=so_far)

        if dry:
            return {"run": run, **asdict(company.undoing.look(run, tell))}
        if kept.undoing is None or kept.held is not None:
            company.undoing.begin(run, by=BY)
        company.undoing.go_on(run, tell=tell)
    return {"run": run, **company.undoing.one(run).taken_back}


def tell(told: dict[str, Any], flaws: list[tuple[int, Flaw]], as_json: bool) -> None:
    """How it went, and which lines were refused; those end the command with 1."""
    refused = [
        {"line": line, "field": flaw.field, "why": flaw.message("en")} for line, flaw in flaws
    ]
    show([told | {"flaws": refused}] if as_json else [told], as_json)
    if refused and not as_json:
        show(refused[:50], as_json=False)
    if told["refused"]:
        raise SystemExit(1)


@export.command("materials")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_materials(file: Path) -> None:
    """Write the library as CSV, as `juzhen import materials` reads it.

    Example: juzhen export materials library.csv
    """
    with platform() as company, file.open("w", encoding="utf-8-sig", newline="") as out:
        out.writelines(sheets.written(sheets.MATERIAL, company.bringing.told()))


COMMANDS: list[click.Command] = [product, words]
