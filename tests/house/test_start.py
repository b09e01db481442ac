"""What a start waits for: a process that serves imports nothing large that only some work needs."""

import subprocess
import sys

from juzhen.web.serving import _BEHIND

LATER = {
    "PIL", "apispec", "boto3", "elasticsearch", "lunar_python", "opensearchpy", "openpyxl",
    "playwright", "psycopg", "pyarrow", "pypdfium2",
}  # fmt: skip


def test_serving_waits_for_no_library_that_only_some_work_needs(root):
    asked = f"import sys, {', '.join(_BEHIND)}; print(*sys.modules)"

    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True
    )

    assert {"flask", "graphene"} <= (loaded := set(told.stdout.split()))
    assert loaded & LATER == set()
