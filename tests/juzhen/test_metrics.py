"""Metrics: made when first counted, by whichever thread, once."""

import subprocess
import sys

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
