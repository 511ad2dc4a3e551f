"""The Java that Spark needs: looked for where Spark's own start script looks, and its version asked."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zeno.errors import ConfigError
from zeno.settings import Settings

OLDEST = 17
_REMEDY = (
    f"Install Java {OLDEST} or newer (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; "
    "macOS: brew install openjdk@17) and, if it is not on the PATH, set JAVA_HOME to it."
)
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Java:
    """A Java that starts: its program and its major version."""

    program: Path
    version: int


def require_java(settings: Settings | None = None, *, search_path: str | None = None) -> Java:
    """Return the Java that Spark will run on: of JAVA_HOME if that is set, otherwise ``java`` on the PATH.

    Parameters
    ----------
    search_path
        Folders to search instead of the PATH's, separated as in it.

    Raises
    ------
    ConfigError
        If there is none, it does not start, or it is older than 17.
    """
    program = _program(settings or Settings.from_env(), search_path)
    said = _ask(program)
    found = _VERSION.search(said)
    if found is None:
        raise ConfigError(f"{program} does not say which version it is.", remedy=_REMEDY)
    first, second = int(found[1]), int(found[2] or 0)
    version = second if first == 1 else first  # Java 8 and older call themselves 1.8
    if version < OLDEST:
        raise ConfigError(f"{program} is Java {version}, and Spark needs {OLDEST}.", remedy=_REMEDY)
    return Java(program, version)


def _program(settings: Settings, search_path: str | None) -> Path:
    if settings.java_home is not None:
        program = settings.java_home / "bin" / "java"
        if not program.is_file():
            raise ConfigError(f"JAVA_HOME is set, and there is no {program}.", remedy=_REMEDY)
        return program
    found = shutil.which("java", path=search_path)
    if found is None:
        raise ConfigError("Spark needs Java, and there is none.", remedy=_REMEDY)
    return Path(found)


def _ask(program: Path) -> str:
    try:
        done = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{program} does not start: {error}", remedy=_REMEDY) from error
    if done.returncode != 0:  # macOS ships a program of this name that only says where to get Java
        raise ConfigError(f"{program} does not start.", remedy=_REMEDY)
    return done.stderr + done.stdout
