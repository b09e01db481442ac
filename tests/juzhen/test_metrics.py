"""Metrics: made when first counted, by whichever thread, once."""

import os
import subprocess
import sys

import pytest

RACE = """
import sys, threading
from juzhen import metrics
sys.setswitchinterval(1e-6)
import prometheus_client
gate, failed = threading.Barrier(8), []

def count(name):
    gate.wait()
    try:
        one = metrics.metric(name, duty="x")
        one.inc() if name.endswith("_total") else one.observe(1)
    except Exception as failure:
        failed.append(failure)

for name in ("juzhen_duty_seconds", "juzhen_duty_failures_total"):
    threads = [threading.Thread(target=count, args=(name,)) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
assert not failed, failed
told = metrics.exposition()[0].decode()
assert 'juzhen_duty_failures_total{duty="x"} 8.0' in told, told
assert 'juzhen_duty_seconds_count{duty="x"} 8.0' in told, told
"""


def test_threads_that_count_for_the_first_time_at_once_count_the_same_metric():
    done = subprocess.run(
        [sys.executable, "-c", RACE], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


NO_ROOM = """
import os, resource, sys
from pathlib import Path
from juzhen import metrics
folder = Path(sys.argv[1])
metrics.share(folder)
metrics.metric("juzhen_backlog").set(3)
for file in folder.iterdir():
    assert file.stat().st_blocks * 512 >= file.stat().st_size, f"{file} is a hole on the disk"

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

limit(100_000)  # as on a full disk, nothing grows any more
for n in range(2_000):
    metrics.metric("juzhen_events_total", door=f"door {n}", outcome="kept").inc()
    metrics.metric("juzhen_duty_seconds", duty=f"duty {n}").observe(1)
assert b"juzhen_backlog" in metrics.exposition()[0]
limit(resource.RLIM_INFINITY)
metrics.metric("juzhen_events_total", door="door 1999", outcome="kept").inc()
told = metrics.exposition()[0].decode()
assert 'door="door 0",outcome="kept"} 1.0' in told, told
assert 'door="door 1999",outcome="kept"} 1.0' in told, told
assert "juzhen_backlog 3.0" in told, told
"""

STARTED_THEN = """
import resource, sys
from pathlib import Path
from juzhen import metrics
metrics.share(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
kept = metrics.metric("juzhen_backlog")
kept.set(4)
assert list(Path(sys.argv[1]).iterdir()) == []
assert metrics.exposition()[0] == b""
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept.set(5)
assert b"juzhen_backlog 5.0" in metrics.exposition()[0]
"""


@pytest.mark.parametrize("process", [NO_ROOM, STARTED_THEN], ids=["at_work", "started_then"])
def test_f19_on_a_full_disk_nobody_ends_over_what_cannot_be_counted(process, tmp_path):
    """Files of counters are mapped: a hole in one of them on a full disk ended the process."""
    done = subprocess.run(
        [sys.executable, "-c", process, str(tmp_path)], capture_output=True, text=True, check=False,
        env={each: told for each, told in os.environ.items() if "PROMETHEUS" not in each},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


COUNT = """
import sys
from pathlib import Path
from juzhen import metrics
metrics.share(Path(sys.argv[1]))
metrics.metric("juzhen_backlog").set(1)
print("counted", flush=True)
sys.stdin.read()
"""


def test_what_processes_counted_that_are_gone_is_dropped_by_the_next_that_starts(tmp_path):
    def counting():
        made = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(tmp_path)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert made.stdout.readline() == "counted\n"
        return made

    def end(process):
        process.kill()
        process.communicate()

    def of(process):
        return tmp_path / f"gauge_mostrecent_{process.pid}.db"

    gone, alive = counting(), counting()
    end(gone)
    (tmp_path / "counter_1.db").touch()  # of one who died while he made it
    for each in tmp_path.iterdir():
        os.utime(each, (1, 1))
    new = counting()
    assert set(tmp_path.iterdir()) == {of(alive), of(new)}
    end(new)
    newest = counting()
    assert of(new).exists()  # whose it is may not be told yet
    for each in (alive, newest):
        end(each)
