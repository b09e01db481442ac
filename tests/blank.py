"""Empty embedded databases: made once in a process, then copied, and asked in the same words."""

import tempfile
from functools import cache
from pathlib import Path

from juzhen import migrations, wiring
from juzhen.settings import Settings
from stores import records as at_records
from stores.records import Records


def kept_at(url, base):
    """Records at a url, with a base's tables; where no file is, a copy of the blank one."""
    embedded = url.removeprefix("sqlite:///")
    if url != embedded and not Path(embedded).exists():
        Path(embedded).write_bytes(_blank(base, len(base.metadata.tables)))
        return Records(url, durability="process")
    kept = Records(url, durability="process")
    kept.create(base)
    return kept


def migrate(settings: Settings):
    """`juzhen.wiring.migrate`; what is embedded and not there yet begins as a migrated copy."""
    settings.home.mkdir(parents=True, exist_ok=True)
    for url, data in zip((settings.records_url, settings.people_url), _migrated(), strict=True):
        embedded = url.removeprefix("sqlite:///")
        if url != embedded and not Path(embedded).exists():
            Path(embedded).write_bytes(data)
    return wiring.migrate(settings)


@cache
def _blank(base, _tables):
    """One for each number of tables: a room that is imported later brings more."""
    return _files(lambda made, _: made.create(base))[0]


@cache
def _migrated():
    return _files(lambda records, people: migrations.migrate(records.engine, people.engine))


def _files(make):
    """What two databases are as files, once nobody has them open."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.db" for name in ("one", "other")]
        kept = [Records(f"sqlite:///{file}", durability="process") for file in files]
        make(*kept)
        for each in kept:
            each.close()
        assert not list(Path(folder).glob("*-wal")), "the last to close a file writes it whole"
        return [file.read_bytes() if file.exists() else b"" for file in files]


def share_statements():
    """What a statement is for SQLite is written once in a process, not once for every engine: each
    test has engines of its own, and a fifth of its time went into writing the same again."""
    make, kept = at_records.connected, {}

    def made(url, *told):
        engine = make(url, *told)
        if engine.dialect.name == "sqlite":
            engine.dialect = kept.setdefault("dialect", engine.dialect)
            engine.update_execution_options(compiled_cache=kept.setdefault("statements", {}))
        return engine

    at_records.connected = made
