"""Brings the Neo4j jars named in pom.xml into a cache outside the tree, once per version, and says how to run them.

A cache folder exists whole or not at all: Maven fills a temporary sibling, which is then renamed.
"""

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

POM = Path(__file__).with_name("pom.xml")
_POM_VERSION = "{*}dependencies/{*}dependency[{*}groupId='org.neo4j']/{*}version"
_ENTRY_POINTS = "META-INF/services/org.neo4j.server.startup.EntryPoint"
_OLDEST_JAVA = 17
_DOWNLOAD_SECONDS = 900


class ServerUnavailable(Exception):
    """No Neo4j can be had on this machine; the text says why and what to install or set."""


def version() -> str:
    """The Neo4j version that pom.xml pins."""
    found = ElementTree.parse(POM).findtext(_POM_VERSION)
    if found is None:
        raise ServerUnavailable(f"{POM.name} names no version of org.neo4j:neo4j; restore that dependency.")
    return found.strip()


def cache_folder() -> Path:
    """`$GUANXI_NEO4J_CACHE/neo4j-<version>`, by default under the user's cache directory."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parent = Path(os.environ.get("GUANXI_NEO4J_CACHE") or users / "guanxi")
    return parent.expanduser().resolve() / f"neo4j-{version()}"


def java() -> str:
    """The Java to run Neo4j with: JAVA_HOME's, else the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise ServerUnavailable("No java found. Install a Java 17 or 21 runtime, or set JAVA_HOME to one.")
    banner = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    major = re.search(r'version "(\d+)', banner)
    if major is None or int(major[1]) < _OLDEST_JAVA:
        raise ServerUnavailable(
            f"{found} is not Java {_OLDEST_JAVA} or later. Install Java 17 or 21, or set JAVA_HOME."
        )
    return found


def maven() -> str:
    """The Maven to download with."""
    found = shutil.which("mvn")
    if found is None:
        raise ServerUnavailable("No mvn found and no Neo4j jars cached. Install Maven, or set NEO4J_URI to a server.")
    return found


def unavailable_reason() -> str | None:
    """Why the Maven and Java way cannot work here, without downloading anything; None where it can."""
    try:
        java()
        if not cache_folder().is_dir():
            maven()
    except ServerUnavailable as reason:
        return str(reason)
    return None


def fetch() -> Path:
    """The folder with the server's jars, downloaded on first use. Several processes may call it at once."""
    folder = cache_folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        filling = Path(scratch) / "lib"
        _download(filling)
        entry_class(filling)
        try:
            filling.rename(folder)
        except OSError:
            # Another process was first. Its folder is as whole as ours.
            if not folder.is_dir():
                raise
    return folder


def _download(folder: Path) -> None:
    command = [maven(), "--batch-mode", "--quiet", "--strict-checksums", "--file", str(POM)]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run([*command, *goal], capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired as exc:
        raise ServerUnavailable(
            f"Maven did not bring Neo4j within {_DOWNLOAD_SECONDS} s. Check the network and Maven's settings.xml."
        ) from exc
    if done.returncode != 0:
        last_words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise ServerUnavailable(f"Maven could not bring Neo4j {version()}. Its last words:\n{last_words}")


def entry_class(folder: Path) -> str:
    """The server's main class, as its own jar declares it (the name differs between release lines)."""
    try:
        with zipfile.ZipFile(folder / f"neo4j-{version()}.jar") as jar:
            return jar.read(_ENTRY_POINTS).decode().split()[0]
    except (OSError, KeyError, IndexError, zipfile.BadZipFile) as exc:
        raise ServerUnavailable(f"{folder} holds no runnable Neo4j {version()}. Delete that folder and retry.") from exc
