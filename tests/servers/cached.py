"""Real servers for the tests (服务器): installed once in the user's cache, with pinned versions.

Elasticsearch runs from the server's own jars, OpenSearch from its runner, both by Maven; S3 is
versitygw, compiled by Go. Nothing here starts one: that is `servers.running`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ELASTICSEARCH = "9.5.3"
OPENSEARCH = "3.8.0.0"
VERSITYGW = "v1.8.0"
GRAPHQL_HTTP = "1.23.0"
ROOT = Path(__file__).parents[2]
_JAVA = Path(__file__).parent / "java"
_LEAST_JAVA = 21


class Missing(Exception):
    """Something is not on this machine; what, and how to get it."""


def home() -> Path:
    """Where servers are kept, shared by all checkouts of this user."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = cache / "juzhen-servers"
    kept.mkdir(parents=True, exist_ok=True)
    return kept


@contextmanager
def turn(name: str) -> Iterator[None]:
    """One process at a time."""
    with (home() / f"{name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def java() -> Path:
    """The newest JDK from 21 on."""
    places = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if found := shutil.which("javac"):
        places.append(Path(found).resolve().parents[1])
    places += Path("/usr/lib/jvm").glob("*")
    able = {version: place for place in places if (version := _version(place)) >= _LEAST_JAVA}
    if not able:
        raise Missing(
            f"a JDK {_LEAST_JAVA} or newer is not here: apt-get install"
            f" openjdk-{_LEAST_JAVA}-jdk-headless (or set JAVA_HOME)"
        )
    return able[max(able)]


def _version(place: Path) -> int:
    if not (place / "bin" / "javac").exists():
        return 0
    said = subprocess.run(
        [place / "bin" / "javac", "-version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"javac (\d+)", said.stdout + said.stderr)
    return int(found[1]) if found else 0


def elasticsearch() -> Path:
    """A folder with ``start.jar``, ``core``, ``modules`` and ``native``; installed if it is not."""
    kept = home() / f"elasticsearch-{ELASTICSEARCH}"
    with turn("elasticsearch"):
        if not (kept / "done").exists():
            shutil.rmtree(kept, ignore_errors=True)
            _jars("elasticsearch", ELASTICSEARCH, kept / "core")
            _compile(_JAVA / "elasticsearch" / "rig", kept / "core", kept / "out")
            _elasticsearch_modules(kept)
            (kept / "done").touch()
    return kept


def _elasticsearch_modules(kept: Path) -> None:
    """The server looks for its modules in folders of their own, each with a description."""
    netty, rig = kept / "modules" / "transport-netty4", kept / "modules" / "rig"
    for folder in (netty, rig, kept / "start" / "rig", kept / "native"):
        folder.mkdir(parents=True)
    for jar in [*(kept / "core").glob("netty-*"), *(kept / "core").glob("transport-netty4-*")]:
        jar.rename(netty / jar.name)
    for part in (kept / "out" / "rig").glob("Start*.class"):
        part.rename(kept / "start" / "rig" / part.name)
    _jar(kept / "start.jar", kept / "start")
    _jar(rig / "rig.jar", kept / "out")
    named = {netty: "org.elasticsearch.transport.netty4.Netty4Plugin", rig: "rig.Rig"}
    for folder, plugin in named.items():
        (folder / "plugin-descriptor.properties").write_text(
            f"name={folder.name}\ndescription={folder.name}\nversion={ELASTICSEARCH}\n"
            f"elasticsearch.version={ELASTICSEARCH}\njava.version={_LEAST_JAVA}\n"
            f"classname={plugin}\n"
        )
    (kept / "native" / "libzstd.so").symlink_to(_library("libzstd.so.1"))


def graphql_audits() -> Path:
    """A folder where Node finds ``graphql-http``; installed by npm if it is not there."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        raise Missing("Node is not here: apt-get install nodejs npm")
    kept = home() / f"graphql-http-{GRAPHQL_HTTP}"
    with turn("graphql-http"):
        if not (kept / "done").exists():
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            wanted = (f"graphql-http@{GRAPHQL_HTTP}", "graphql@16")
            install = (npm, "install", "--prefix", kept, "--no-audit", "--no-fund", *wanted)
            subprocess.run(install, check=True, capture_output=True)
            (kept / "done").touch()
    return kept


def _library(name: str) -> Path:
    listed = subprocess.run(
        [shutil.which("ldconfig") or "/sbin/ldconfig", "-p"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    for line in listed.splitlines():
        if name in line:
            return Path(line.split("=>")[-1].strip())
    raise Missing(f"{name} is not here: apt-get install libzstd1")


def opensearch() -> Path:
    """A folder with ``start.jar`` and ``core``; installed if it is not."""
    kept = home() / f"opensearch-{OPENSEARCH}"
    with turn("opensearch"):
        if not (kept / "done").exists():
            shutil.rmtree(kept, ignore_errors=True)
            _jars("opensearch", OPENSEARCH, kept / "core")
            _compile(_JAVA / "opensearch", kept / "core", kept / "out")
            _jar(kept / "start.jar", kept / "out")
            (kept / "done").touch()
    return kept


def versitygw() -> Path:
    """The S3 gateway's program; compiled if it is not there."""
    program = home() / f"versitygw-{VERSITYGW}" / "versitygw"
    with turn("versitygw"):
        if not program.exists():
            go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
            if go is None:
                raise Missing("Go is not here: apt-get install golang-go")
            _run(
                [go, "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"],
                GOBIN=str(program.parent),
            )
    return program


def _jars(kind: str, version: str, into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("Maven is not here: apt-get install maven")
    pom = _JAVA / kind / "pom.xml"
    told = f"-Dserver.version={version}", f"-DoutputDirectory={into}"
    _run([maven, "-q", "-B", "-f", pom, "dependency:copy-dependencies", *told])


def _compile(sources: Path, jars: Path, into: Path) -> None:
    files = sorted(sources.glob("*.java"))
    _run([java() / "bin" / "javac", "-nowarn", "-cp", f"{jars}/*", "-d", into, *files])


def _jar(jar: Path, folder: Path) -> None:
    """Classes in a folder would keep Java from sharing what it has loaded once."""
    _run([java() / "bin" / "jar", "cf", jar, "-C", folder, "."])


def _run(command: Sequence[str | Path], **more: str) -> None:
    done = subprocess.run(
        list(map(str, command)), env=os.environ | more, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise Missing(f"{Path(command[0]).name} could not install a server:\n{done.stdout[-2000:]}")


INSTALLERS = {"elasticsearch": elasticsearch, "opensearch": opensearch, "s3": versitygw}
