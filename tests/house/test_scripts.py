"""Scripts of tables stand in one line: two written side by side are told apart at once."""

import re

from tests.flows.company import ROOT

_TOLD = re.compile(r'^revision = "(\d+)"\ndown_revision = (?:"(\d+)"|None)$', re.MULTILINE)


def test_every_script_has_a_number_of_its_own_and_follows_the_one_before():
    scripts = sorted((ROOT / "juzhen/migrations/versions").glob("0*.py"))
    numbers = [f"{number:04}" for number in range(1, len(scripts) + 1)]
    assert [each.name[:4] for each in scripts] == numbers
    told = [_TOLD.search(each.read_text()).groups() for each in scripts]
    assert told == list(zip(numbers, [None, *numbers[:-1]], strict=True))
