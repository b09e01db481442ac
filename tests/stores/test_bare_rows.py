"""Records that are made of bare rows, without a session."""

import subprocess
import sys

_FIRST = """
from data_hub.staff import Staff
from stores.spelling import Bare

columns = [each.name for each in Staff.__table__.columns]
told = dict.fromkeys(columns) | {"id": "stf_1", "name": "王敏"}
made = Bare(Staff)([told[each] for each in columns])
print(made.id, made.name, sep="|")
"""


def test_the_first_record_of_a_process_may_be_made_of_a_bare_row() -> None:
    """Nothing has set up the tables' attributes then: no session was begun."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", _FIRST],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (done.stdout.strip(), done.stderr) == ("stf_1|王敏", "")
