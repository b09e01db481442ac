"""The allow-list (许可清单): the questions of a front end, known before anybody asks them.

Each is a file of its own, so that a front end's build writes the list and whoever reviews it reads
it. Decides nothing about who is bound to it.
"""

from __future__ import annotations

from pathlib import Path

from schemas.questions import hash_of

SUFFIX = ".graphql"


def written(folder: Path) -> dict[str, str]:
    """The texts in a folder and below it, by their SHA-256. Raises `OSError` if there is no such
    folder, `ValueError` for a file that is not UTF-8."""
    if not folder.is_dir():
        raise NotADirectoryError(str(folder))
    texts = [file.read_bytes().decode() for file in sorted(folder.rglob(f"*{SUFFIX}"))]
    return {hash_of(text): text for text in texts}
