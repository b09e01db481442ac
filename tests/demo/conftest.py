"""A slice of the demo company, built once: its tests share a process."""

import pytest

from juzhen.demo.build import Size, build


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Begun, stocked and peopled; nothing runs."""
    folder = tmp_path_factory.mktemp("demo") / "company"
    told = []
    size = Size(customers=400, events=8_000, every=12)
    build(folder, 18_000, lambda *step: told.append(step), size=size)
    assert {step for step, _, _ in told} == {"company", "people", "library", "events"}
    return folder
