"""What SQLite keeps of its files in memory is bounded for a process, however many threads ask."""

import subprocess
import sys

READERS, PAGES_MB = 40, 6
"""Of 4 MB each: two and a half times what all together may keep."""
_ASKED = f"""
import sys, threading
from pathlib import Path
from bench.lib.server import anonymous_mib
from stores.sqlite.database import Database

file = Database(Path(sys.argv[1]), "create table if not exists t (id integer primary key, body)")
with file.write() as one:
    one.executemany("insert into t (body) values (?)", [(b"x" * 3000,)] * {PAGES_MB} * 256)
before, through = anonymous_mib("self"), threading.Barrier({READERS} + 1)

def read():
    with file.read() as one:
        assert one.execute("select count(*) from t where body > x'00'").fetchone()[0]
    through.wait(60)
    through.wait(60)

for _ in range({READERS}):
    threading.Thread(target=read, daemon=True).start()
through.wait(60)
print(anonymous_mib("self") - before)
through.wait(60)
"""


def test_what_many_threads_keep_of_a_file_is_bounded_for_all_of_them(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", _ASKED, tmp_path / "file.db"], capture_output=True, check=True
    )
    assert float(told.stdout) < 100, "160 if each of them kept its own"
