"""Where other people's samples of what platforms send are, if they are at hand."""

from pathlib import Path

_NEAR = [above / "shared" / "fixtures" for above in Path(__file__).resolve().parents]
SAMPLES = next((folder for folder in _NEAR if folder.exists()), _NEAR[2])
ABSENT = "../shared/fixtures, with other people's samples, is absent"
