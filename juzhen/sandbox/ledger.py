"""The ledger (账本): all that the sandbox remembers, in one SQLite file of its own.

Whatever was answered is in the file, so that a sandbox that was killed comes back the same. It is
not one of the product's stores and shares no code with them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists facts (key text primary key, value text not null);
create table if not exists accounts (
    appid text primary key, kind text not null, told text not null);
create table if not exists tokens (
    token text primary key, appid text not null, door text not null, made real not null,
    expires real not null, dead real);
create table if not exists used (
    appid text not null, path text not null, stretch text not null, number integer not null,
    primary key (appid, path, stretch));
create table if not exists files (
    media_id text primary key, appid text not null, kind text not null, permanent integer not null,
    content_type text not null, data blob not null, made real not null);
create table if not exists drafts (
    media_id text primary key, appid text not null, articles text not null, made real not null);
create table if not exists jobs (
    publish_id integer primary key autoincrement, appid text not null, media_id text not null,
    articles text not null, submitted real not null, ready real not null,
    verdict integer not null, settled real, article_id text);
create table if not exists articles (
    article_id text primary key, appid text not null, articles text not null,
    published real not null, deleted text not null default '[]', banned real,
    reads integer not null default 0);
create table if not exists people (
    openid text primary key, appid text not null, unionid text not null, name text not null,
    traits text not null, followed real, unfollowed real, scene text not null default '',
    cookie text not null default '');
create table if not exists acts (
    id integer primary key autoincrement, openid text not null, act text not null,
    at real not null);
create index if not exists acts_of on acts (openid, act, at);
create table if not exists messages (
    id integer primary key autoincrement, openid text not null, ours integer not null,
    kind text not null, told text not null, at real not null, read real, key text);
create index if not exists messages_of on messages (openid, at);
create table if not exists callbacks (
    id integer primary key autoincrement, appid text not null, openid text not null,
    body text not null, due real not null, tries integer not null default 0,
    forged integer not null default 0, ended real, outcome text not null default '');
create index if not exists callbacks_due on callbacks (due) where ended is null;
create table if not exists faults (
    id integer primary key autoincrement, kind text not null, path text not null, times integer,
    chance real not null, told text not null);
create table if not exists journal (
    id integer primary key autoincrement, at real not null, method text not null,
    path text not null, appid text not null, asked text not null, status integer,
    errcode integer, fault text not null default '');
create table if not exists scenes (
    ticket text primary key, appid text not null, scene text not null);
create table if not exists allows (
    id integer primary key autoincrement, openid text not null, template text not null,
    at real not null, used real);
create table if not exists fan_tags (
    id integer not null, appid text not null, name text not null, primary key (appid, id));
create table if not exists fan_tagged (
    appid text not null, openid text not null, tag integer not null,
    primary key (appid, openid, tag));
create table if not exists masses (
    msg_id integer primary key autoincrement, appid text not null, client text not null,
    told text not null, made real not null, status text not null, article_id text,
    total integer not null default 0, filtered integer not null default 0);
create table if not exists mass_had (
    openid text not null, msg_id integer not null, month text not null,
    primary key (openid, msg_id));
create table if not exists url_links (
    number text primary key, appid text not null, path text not null, query text not null,
    until real not null);
create table if not exists login_codes (
    code text primary key, openid text not null, made real not null, used real);
create table if not exists readings (
    id integer primary key autoincrement, openid text not null, url text not null,
    status integer not null, page text not null, at real not null);
"""


class Ledger:
    """One file, one connection, one turn at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "sandbox.db"
        file.touch(mode=0o600)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._turn = threading.RLock()
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)

    def extend(self, schema: str) -> None:
        """A platform's own tables, beside those that all share."""
        with self._turn:
            self._db.executescript(schema)

    @contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; a turn inside a turn joins it."""
        with self._turn:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("begin immediate")
            with self._db:  # commits, or rolls back whatever was raised
                yield self._db

    def fact(self, key: str, default: Any = None) -> Any:
        """A single thing remembered by its name."""
        with self.turn() as db:
            row = db.execute("select value from facts where key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def keep(self, key: str, value: Any) -> None:
        with self.turn() as db:
            db.execute(
                "insert into facts values (?, ?) on conflict do update set value = excluded.value",
                (key, json.dumps(value, ensure_ascii=False)),
            )

    def close(self) -> None:
        with self._turn:
            self._db.close()
