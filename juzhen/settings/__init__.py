"""Settings (设置): every JUZHEN_… variable, where it was read, and what is wrong with it.

From the environment first, then ``juzhen.toml`` in the home folder. An unknown or bad one stops the
start with its name, what was expected and where it was read. Opens nothing, connects to nothing.
"""

from juzhen.settings.expected import MODULES, OCCASIONS, STEPS
from juzhen.settings.reading import begin, environment_of, load, require_keys
from juzhen.settings.record import FILE, WITH_RECORDS, BadSetting, Settings, name_of

__all__ = [
    "FILE",
    "MODULES",
    "OCCASIONS",
    "STEPS",
    "WITH_RECORDS",
    "BadSetting",
    "Settings",
    "begin",
    "environment_of",
    "load",
    "name_of",
    "require_keys",
]
