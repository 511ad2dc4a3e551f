"""A file that a study read can be had again: after it changed or vanished, from the cache or from the remote."""

import hashlib
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import kill, make_settings

from research.dvc_repository import cached, incoming, kept, root
from research.files import FileVersion, restore, track, tracked
from zeno.errors import ConfigError, SourceError
from zeno.settings import Settings

SEED = 20_260_103
_ROOT = Path(__file__).parents[2]
_WORKER = _ROOT / "tests" / "support" / "track_worker.py"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return make_settings(tmp_path / "home")


@pytest.fixture
def bars(tmp_path) -> Path:
    return written(tmp_path / "bars.csv", "ts,close\n2026-01-02,10\n")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def objects(settings: Settings) -> list[str]:
    """Return the contents in the cache and in the remote, by the MD5 of what is there."""
    places = root(settings) / ".dvc" / "cache", settings.home / "files-remote"
    found = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert all(path.parent.name + path.name == hashlib.md5(path.read_bytes()).hexdigest() for path in found)
    return sorted(path.parent.name + path.name for path in found)


def test_a_version_names_the_exact_content(settings, bars):
    (version,) = track([bars], settings)
    data = bars.read_bytes()
    assert version == FileVersion(
        "bars.csv", hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest(), len(data)
    )
    assert tracked(settings) == [version]


def test_a_changed_original_does_not_change_what_was_tracked(settings, bars):
    before = bars.read_text()
    (version,) = track([bars], settings)
    bars.write_text("something else")
    assert restore(version, settings).read_text() == before
    (other,) = track([bars], settings)
    bars.unlink()
    assert restore(other, settings).read_text() == "something else"
    assert {entry.md5 for entry in tracked(settings)} == {version.md5, other.md5}


def test_the_original_stays_the_users(settings, bars):
    """DVC writes its cache read-only and links to it: neither may happen to a file outside the repository."""
    before = bars.stat()
    track([bars], settings)
    assert (bars.stat().st_ino, bars.stat().st_mode, bars.stat().st_nlink) == (before.st_ino, before.st_mode, 1)


def test_the_same_content_twice_is_kept_once(settings, bars, tmp_path):
    copy = written(tmp_path / "elsewhere" / "bars.csv", bars.read_text())
    renamed = written(tmp_path / "mine.csv", bars.read_text())
    first, second, third = track([bars, copy, renamed], settings)
    assert first == second
    assert (third.name, third.md5) == ("mine.csv", first.md5)
    assert track([bars], settings) == [first]
    assert tracked(settings) == [first, third]
    assert objects(settings) == [first.md5, first.md5]  # cache and remote


def test_the_answers_come_in_the_order_asked_for(settings, tmp_path):
    paths = [written(tmp_path / f"{name}.csv", name) for name in "cab"]
    track(paths[1:2], settings)
    assert [version.name for version in track(paths, settings)] == ["c.csv", "a.csv", "b.csv"]


@pytest.mark.parametrize("name", ["bärs #1, 'x'.csv", "-o", ".hidden", "a b\nc.csv", "[glob]*.csv", "cache"])
def test_any_name_that_is_not_dvcs_own(settings, tmp_path, name):
    path = written(tmp_path / "odd" / name, "content")
    (version,) = track([path], settings)
    path.unlink()
    assert restore(version, settings).read_text() == "content"
    assert tracked(settings) == [version]


@pytest.mark.parametrize("name", ["x.dvc", ".dvcignore", "dvc.yaml", ".dvc"])
def test_names_of_dvc_itself_are_refused(settings, tmp_path, name):
    with pytest.raises(ConfigError, match="for itself"):
        track([written(tmp_path / "odd" / name, "content")], settings)


def test_an_empty_file(settings, tmp_path):
    (version,) = track([written(tmp_path / "empty.csv", "")], settings)
    assert restore(version, settings).read_bytes() == b""


def test_a_path_that_is_no_file_is_refused_before_anything_happens(settings, bars, tmp_path):
    for path in (tmp_path, tmp_path / "gone.csv"):
        with pytest.raises(ConfigError, match="no file"):
            track([bars, path], settings)
    assert tracked(settings) == []


def test_from_the_cache_when_the_remote_is_gone(settings, bars):
    (version,) = track([bars], settings)
    shutil.rmtree(settings.home / "files-remote")
    assert restore(version, settings).read_bytes() == bars.read_bytes()


def test_from_the_remote_when_the_cache_is_gone(settings, bars):
    (version,) = track([bars], settings)
    shutil.rmtree(root(settings) / ".dvc" / "cache")
    assert restore(version, settings).read_bytes() == bars.read_bytes()


def test_from_the_remote_on_another_machine(settings, bars, tmp_path):
    shared = make_settings(settings.home, dvc_remote=str(tmp_path / "shared, #1"))
    (version,) = track([bars], shared)
    other = make_settings(tmp_path / "other", dvc_remote=shared.dvc_remote)
    assert restore(version, other).read_bytes() == bars.read_bytes()
    assert tracked(other) == [version]
    assert not (settings.home / "files-remote").exists()


def test_a_remote_named_later_gets_what_was_tracked_before(settings, bars, tmp_path):
    (version,) = track([bars], settings)
    shared = make_settings(settings.home, dvc_remote=str(tmp_path / "shared"))
    assert track([bars], shared) == [version]
    assert kept(shared, version.md5).read_bytes() == bars.read_bytes()


def test_a_damaged_cache_is_noticed_and_healed_from_the_remote(settings, bars):
    """What was restored shares its blocks with the cache: whoever writes into it damages both."""
    (version,) = track([bars], settings)
    damage(cached(settings, version.md5))
    place = restore(version, settings)
    damage(place)
    assert restore(version, settings).read_bytes() == bars.read_bytes()
    assert len(objects(settings)) == 2


def test_gone_everywhere_is_an_error_with_a_remedy(settings, bars):
    (version,) = track([bars], settings)
    shutil.rmtree(root(settings) / ".dvc" / "cache")
    shutil.rmtree(settings.home / "files-remote")
    with pytest.raises(SourceError, match="gone or damaged") as error:
        restore(version, settings)
    assert "Track the original again" in error.value.remedy
    assert not incoming(settings).exists()
    assert track([bars], settings) == [version]  # heals
    assert restore(version, settings).read_bytes() == bars.read_bytes()


def test_damaged_everywhere_is_an_error(settings, bars):
    (version,) = track([bars], settings)
    damage(cached(settings, version.md5))
    damage(kept(settings, version.md5))
    with pytest.raises(SourceError, match="gone or damaged"):
        restore(version, settings)


def test_a_wrong_name_of_a_version_costs_nothing(settings, bars):
    (version,) = track([bars], settings)
    with pytest.raises(SourceError):
        restore(FileVersion(version.name, version.md5, "0" * 64, version.size), settings)
    assert cached(settings, version.md5).read_bytes() == bars.read_bytes()
    for wrong in (("../up", version.md5), (version.name, "0/../..")):
        with pytest.raises(ConfigError):
            restore(FileVersion(*wrong, version.sha256, version.size), settings)


def test_a_remote_that_dvc_cannot_use_is_an_error_with_a_remedy(settings, bars):
    with pytest.raises(SourceError) as error:
        track([bars], make_settings(settings.home, dvc_remote="nowhere://bucket"))
    assert "ZENO_DVC_REMOTE" in error.value.remedy
    assert tracked(settings) == []


def test_what_a_killed_process_leaves_is_cleared(settings, bars, tmp_path):
    """Half of DVC's table of readers, a stale entry with a live pid, its lock file, temporary copies."""
    (version,) = track([bars], settings)
    table = root(settings) / ".dvc" / "tmp" / "rwlock"
    entry = f'{{"pid": {os.getppid()}, "cmd": "x"}}'
    for left in ('{"write": {"', f'{{"write": {{"{root(settings)}": {entry}}}, "read": {{}}}}'):
        table.write_text(left)
        (root(settings) / ".dvc" / "tmp" / "lock").write_text("999999999")
        stale = written(cached(settings, version.md5).with_name(".x.tmp"), "half")
        trial = written(cached(settings, version.md5).parents[1] / ".y.tmp", "test")  # of what links a disk can do
        there = written(kept(settings, version.md5).with_name(".z.tmp"), "half")
        written(incoming(settings) / "copy", "half")
        track([written(tmp_path / "next.csv", left)], settings)
        assert not stale.exists()
        assert not trial.exists()
        assert not there.exists()
        assert not incoming(settings).exists()
    assert len(tracked(settings)) == 3


def test_what_a_killed_restore_leaves_is_in_the_way_of_no_other(settings, bars):
    (version,) = track([bars], settings)
    written(incoming(settings) / version.sha256 / version.name, "half")
    assert restore(version, settings).read_bytes() == bars.read_bytes()


def test_a_dvc_that_a_person_runs_is_waited_for_and_then_named(settings, bars):
    import zc.lockfile

    track([bars], settings)
    held = zc.lockfile.LockFile(str(root(settings) / ".dvc" / "tmp" / "lock"))
    try:
        with pytest.raises(SourceError, match="lock"):
            track([written(bars.with_name("next.csv"), "x")], settings)
    finally:
        held.close()


def test_dvc_itself_understands_the_repository(settings, bars):
    track([bars], settings)
    restore(tracked(settings)[0], settings)
    command = [sys.executable, "-m", "dvc", "status", "--cloud"]
    done = subprocess.run(command, cwd=root(settings), capture_output=True, text=True, check=True,
                          env=os.environ | {"DVC_SITE_CACHE_DIR": str(settings.home / "site")})  # fmt: skip
    assert "in sync" in done.stdout


_QUIETLY = """
import sys
from pathlib import Path
from track_worker import settings
from research.files import restore, track

sys.addaudithook(lambda name, _: name in ("socket.connect", "socket.getaddrinfo") and print("NETWORK", flush=True))
own, streams = settings(Path(sys.argv[1])), (sys.stdout, sys.stderr)
restore(track([Path(sys.argv[2])], own)[0], own)
assert streams == (sys.stdout, sys.stderr)
"""


def test_nothing_reaches_a_terminal_or_the_network(settings, bars):
    """DVC draws progress bars on a terminal alone."""
    ours, theirs = pty.openpty()
    done = quietly(settings, bars, stdout=theirs, stderr=theirs)
    os.write(theirs, b"end")
    assert (done.returncode, os.read(ours, 65536)) == (0, b"end")
    os.close(ours)
    os.close(theirs)


def test_the_streams_stay_the_callers(settings, bars):
    """DVC's colours wrap them where they are no terminal, and would take a caller's own colours out."""
    done = quietly(settings, bars, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def quietly(settings: Settings, path: Path, **streams: int) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DVC", "CI", "PYTEST"))}
    clean |= {"PYTHONPATH": f"{_ROOT}:{_WORKER.parent}", "TERM": "xterm"}
    command = [sys.executable, "-c", _QUIETLY, str(settings.home), str(path)]
    return subprocess.run(command, check=False, env=clean, **streams)


def test_dvc_is_not_imported_for_what_is_there_already(settings, bars):
    (version,) = track([bars], settings)
    restore(version, settings)
    code = (
        "import sys; from pathlib import Path; from track_worker import settings; from research.files import *\n"
        "own = settings(Path(sys.argv[1])); restore(track([Path(sys.argv[2])], own)[0], own); tracked(own)\n"
        "assert 'dvc' not in sys.modules"
    )
    environment = os.environ | {"PYTHONPATH": f"{_ROOT}:{_WORKER.parent}"}
    subprocess.run([sys.executable, "-c", code, str(settings.home), str(bars)], check=True, env=environment)


def test_processes_that_track_at_once_wait_for_each_other(settings, tmp_path):
    paths = [written(tmp_path / f"{at}.csv", f"{at}") for at in range(3)]
    workers = [worker(settings.home, paths) for _ in range(3)]
    assert [process.wait(120) for process in workers] == [0, 0, 0]
    assert len(tracked(settings)) == 3
    assert len(objects(settings)) == 6


@pytest.mark.kill
def test_the_list_can_be_read_while_another_process_begins_and_ends_its_work(settings, bars):
    version = track([bars], settings)[0]
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            incoming(settings).mkdir()
            incoming(settings).rmdir()

    other = threading.Thread(target=work)
    other.start()
    try:
        assert all(tracked(settings) == [version] for _ in range(1_000))
    finally:
        over.set()
        other.join()


def test_killed_at_random_moments_nothing_is_lost_and_nothing_doubled(settings, tmp_path):
    rng = random.Random(SEED)
    paths = [written(tmp_path / f"{at}.csv", f"{at}\n" * 400_000) for at in range(2 * len(_MOMENTS))]
    known: list[FileVersion] = []
    for round_, moment in enumerate(_MOMENTS):
        process = worker(settings.home, paths[: 2 * round_ + 2])  # what has landed, and two more
        wait_for(lambda moment=moment, round_=round_: moment(settings) > 2 * round_, process)
        time.sleep(rng.uniform(0.0, 0.02))
        kill(process.pid)
        assert process.wait() == -signal.SIGKILL
        landed = tracked(settings)
        assert set(known) <= set(landed)
        # What is there is whole, whatever happened: asked of the cache, and of the remote.
        assert all(_in(cached(settings, version.md5), version) for version in landed)
        assert all(_in(kept(settings, version.md5), version) for version in landed)
        known = track(paths[: 2 * round_ + 2], settings)
    assert [version.name for version in tracked(settings)] == sorted(path.name for path in paths)
    assert objects(settings) == sorted(hashlib.md5(path.read_bytes()).hexdigest() for path in paths * 2)
    assert not incoming(settings).exists()


def _working(settings: Settings, pattern: str) -> int:
    """How many files are being worked on; the folder may go while it is looked into."""
    try:
        return len(list(incoming(settings).glob(pattern)))
    except FileNotFoundError:
        return 0


def _copied(settings: Settings) -> int:
    return len(tracked(settings)) + _working(settings, "*")


def _added(settings: Settings) -> int:
    return len(list((root(settings) / ".dvc" / "cache").glob("files/md5/*/*")))


def _described(settings: Settings) -> int:
    return len(tracked(settings)) + _working(settings, "*/*.dvc")


def _pushed(settings: Settings) -> int:
    return len(list((settings.home / "files-remote").glob("files/md5/*/*")))


def _published(settings: Settings) -> int:
    return len(tracked(settings))


_MOMENTS = (_copied, _added, _described, _pushed, _published) * 2
"""When to strike: after the first of two files has got so far, with a little chance."""


def _in(path: Path | None, version: FileVersion) -> bool:
    return path is not None and hashlib.sha256(path.read_bytes()).hexdigest() == version.sha256


def worker(home: Path, paths: list[Path]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(_WORKER), "dvc", str(home), *map(str, paths)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(_ROOT)})


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, "it ended before it was struck"
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def damage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    path.chmod(0o444)
