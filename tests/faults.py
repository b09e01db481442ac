"""Faults (故障): lets one statement or commit of some records fail, as a busy database does, and no
file grow, as on a full disk."""

import resource
import sqlite3
import subprocess
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from kernel.errors import Overloaded


class Faults:
    """Counts every statement, look and commit of these records; the one that is chosen fails."""

    def __init__(self, *records):
        self.at = self.seen = 0
        for each in records:
            event.listen(each.engine, "before_cursor_execute", self._statement)
            event.listen(each.engine, "commit", self._commit)
            if each.looks is not None:
                each.looks.heard = self._look

    def begin(self, at):
        self.at, self.seen = at, 0

    def end(self):
        """Did it come so far? From now on nothing fails."""
        self.at, met = 0, self.seen >= self.at
        return met

    def _counted(self):
        self.seen += 1
        return self.seen == self.at

    def _look(self, _):
        if self._counted():
            raise Overloaded("records_are_busy")

    def _statement(self, *_):
        self._commit()

    def _commit(self, *_):
        if self._counted():
            raise OperationalError("", {}, sqlite3.OperationalError("database is locked"))


@contextmanager
def full_disk(most):
    """No file of this process grows beyond so many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def disk_of(megabytes, folder):
    """A real one, mounted there. Whoever may not mount is told so."""
    folder.mkdir()
    told = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder)]
    done = subprocess.run(told, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a disk of {megabytes} MB takes the right to mount one: {done.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mounted_anew(disk, how):
    """From now on it may only be read (``ro``), or written to (``rw``)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)
