"""Transfer (搬运): what comes in from files. What goes out stands with the commands."""

from juzhen.transfer.importing import Imported, ImportRun, Imports

__all__ = ["ImportRun", "Imported", "Imports"]
