"""Transfer (搬运): what comes in from files. What goes out stands with the commands."""

from juzhen.transfer.importing import FileRun, Imported, Imports
from juzhen.transfer.undoing import TakenBack, Undoing

__all__ = ["FileRun", "Imported", "Imports", "TakenBack", "Undoing"]
