"""The server that the SDKs speak to: the front's own, with a journal and nothing else."""

from tests.web.conftest import server  # noqa: F401 - a fixture
