"""dbt's project as Dagster needs it: the manifest, made again when the project changes, and the executable.

The checkout may be read-only and the warehouse down: ``dbt parse`` connects to nothing, and writes only under the data
folder, in a folder named after the hash of the project's files.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from zeno.errors import ConfigError
from zeno.settings import PROJECT_ROOT, Settings

PROJECT = PROJECT_ROOT / "dbt"
DBT = Path(sys.executable).parent / "dbt"
_SUFFIXES = {".sql", ".yml", ".csv"}
_IGNORED = {"target", "logs", "dbt_packages"}
# profiles.yml reads these; parsing needs them to be there and uses none.
_NOWHERE = {"ZENO_DBT_HOST": "127.0.0.1", "ZENO_DBT_PORT": "1", "ZENO_DBT_USER": "none", "ZENO_DBT_PASSWORD": "",
            "ZENO_DBT_SECURE": "False"}  # fmt: skip


def project_hash(project: Path = PROJECT) -> str:
    """Return the hash of every file that makes the models what they are."""
    digest = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        inside = path.relative_to(project)
        if path.suffix in _SUFFIXES and not _IGNORED & set(inside.parts):
            digest.update(f"{inside}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def target_folder(settings: Settings) -> Path:
    """Return where the artefacts of this version of the project are kept."""
    return settings.home / "dbt" / project_hash()


def read_manifest(settings: Settings) -> dict[str, Any]:
    """Return the manifest of the project as it is now."""
    return json.loads(manifest_path(settings).read_text())


def manifest_path(settings: Settings) -> Path:
    """Return the manifest, after making it if the project has changed.

    Raises
    ------
    ConfigError
        If dbt cannot parse the project.
    """
    target = target_folder(settings)
    manifest = target / "manifest.json"
    if manifest.exists():
        return manifest
    target.parent.mkdir(parents=True, exist_ok=True)
    # Webserver and daemon start together: the second waits for the first one's manifest.
    with (target.parent / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not manifest.exists():
            _parse(settings, target)
    return manifest


def _parse(settings: Settings, target: Path) -> None:
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    places = {"DBT_TARGET_PATH": str(fresh), "DBT_LOG_PATH": str(fresh), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    command = [str(DBT), "parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    done = subprocess.run(command, env=settings.child_environment(**_NOWHERE, **places), capture_output=True, text=True,
                          check=False, cwd=target.parent)  # fmt: skip
    if done.returncode:
        raise ConfigError("dbt cannot parse its project.", remedy=(done.stdout + done.stderr).strip()[-2000:])
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
