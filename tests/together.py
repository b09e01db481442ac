"""How the suite's files are dealt out to its processes.

What a file's tests share (a company, a browser, a server) is started once for the file, so a file
is never cut in two. Two folders share something dear and stay whole: the demo company, which takes
long to build, and the house's own source, parsed.
"""

from xdist.scheduler import LoadScopeScheduling

WHOLE = ("tests/demo", "tests/house")


class ByFile(LoadScopeScheduling):
    """Files in the order of their names, whichever process is free next."""

    def _split_scope(self, nodeid):
        folder, _, _ = nodeid.rpartition("/")
        return folder if folder in WHOLE else nodeid.partition("::")[0]
