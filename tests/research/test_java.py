"""Which Java Spark would run on, asked of programs that answer as real ones do."""

from pathlib import Path

import pytest
from builders import make_settings

from research.java import require_java
from zeno.errors import ConfigError
from zeno.settings import Settings


def fake(folder: Path, says: str, code: int = 0) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19 LTS', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njava version "25.0.1"', 25),
    ],
)
def test_the_java_of_java_home_comes_first(tmp_path, says, version):
    home = fake(tmp_path / "jdk", says)
    found = require_java(make_settings(tmp_path, java_home=home), search_path="")
    assert (found.program, found.version) == (home / "bin" / "java", version)


def test_without_java_home_the_path_is_searched(tmp_path):
    home = fake(tmp_path / "jdk", 'openjdk version "17.0.1"')
    assert require_java(make_settings(tmp_path), search_path=str(home / "bin")).version == 17


@pytest.mark.parametrize(
    ("says", "code", "fault"),
    [
        ('java version "1.8.0_402"', 0, "is Java 8, and Spark needs 17"),
        ('openjdk version "11.0.2"', 0, "is Java 11"),
        ("The operation could not be completed. Unable to locate a Java Runtime.", 1, "does not start"),
        ("hello", 0, "does not say which version"),
    ],
)
def test_what_spark_cannot_use_names_what_to_install(tmp_path, says, code, fault):
    home = fake(tmp_path / "jdk", says, code)
    with pytest.raises(ConfigError, match=fault) as caught:
        require_java(make_settings(tmp_path), search_path=str(home / "bin"))
    assert "openjdk-17-jre-headless" in caught.value.remedy
    assert "brew install openjdk@17" in caught.value.remedy


def test_no_java_at_all_and_a_java_home_that_is_not_one(tmp_path):
    with pytest.raises(ConfigError, match="there is none"):
        require_java(make_settings(tmp_path), search_path=str(tmp_path))
    with pytest.raises(ConfigError, match="JAVA_HOME is set"):
        require_java(make_settings(tmp_path, java_home=tmp_path / "gone"))


def test_java_home_is_a_setting(tmp_path):
    assert Settings.from_env({"JAVA_HOME": str(tmp_path)}).java_home == tmp_path
    assert Settings.from_env({}).java_home is None
