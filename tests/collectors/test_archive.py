"""Archives: pinned, verified on every use, never trusted (I13, I14, I20)."""

import gzip
import hashlib
import io
import stat
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collectors import archive as archives
from collectors.archive import Archive, fetch
from collectors.unpack import gunzip, member, member_file, zipped
from zeno.errors import SourceRejected, SourceUnavailable

CONTENT = b"the pinned file"
PINNED = Archive(distribution="sample", version="1.0", filename="sample-1.0.whl",
                 sha256=hashlib.sha256(CONTENT).hexdigest())  # fmt: skip


class FakePip:
    """Stands in for ``pip download``: writes ``content`` where pip was told to, or fails with ``stderr``."""

    def __init__(self, content: bytes = CONTENT, *, stderr: str = "", hangs: bool = False) -> None:
        self.content, self.stderr, self.hangs = content, stderr, hangs
        self.commands: list[list[str]] = []
        self.requirements: list[str] = []

    def __call__(self, command: list[str], **options) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        self.requirements.append(Path(command[command.index("-r") + 1]).read_text())
        if self.hangs:
            raise subprocess.TimeoutExpired(command, options["timeout"])
        if not self.stderr:
            (Path(command[command.index("--dest") + 1]) / PINNED.filename).write_bytes(self.content)
        return subprocess.CompletedProcess(command, 1 if self.stderr else 0, "", self.stderr)


@pytest.fixture
def pip(monkeypatch):
    def install(**options) -> FakePip:
        fake = FakePip(**options)
        monkeypatch.setattr(archives.subprocess, "run", fake)
        return fake

    return install


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_archive_is_downloaded_once_with_its_hash_and_never_installed(pip, tmp_path):
    fake = pip()
    assert fetch(PINNED, tmp_path).read_bytes() == CONTENT
    assert fetch(PINNED, tmp_path).read_bytes() == CONTENT
    assert len(fake.commands) == 1
    command = fake.commands[0]
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"} <= set(command)
    assert not any("index-url" in word for word in command)
    assert fake.requirements == [f"sample==1.0 --hash=sha256:{PINNED.sha256}\n"]
    assert names_in(tmp_path) == [PINNED.filename]


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT + b"x", b"", b"<html>not found</html>"])
def test_a_damaged_file_in_the_cache_is_fetched_again_and_never_used_i20(pip, tmp_path, damage):
    fake = pip()
    (tmp_path / PINNED.filename).write_bytes(damage)
    assert fetch(PINNED, tmp_path).read_bytes() == CONTENT
    assert len(fake.commands) == 1


@pytest.mark.parametrize("content", [b"", b"something else", b"<html>200 OK</html>"])
def test_another_file_than_the_pinned_one_is_rejected_and_leaves_no_trace_i20(pip, tmp_path, content):
    pip(content=content)
    with pytest.raises(SourceRejected, match="not the pinned file") as refusal:
        fetch(PINNED, tmp_path)
    assert PINNED.sha256 in refusal.value.remedy
    assert names_in(tmp_path) == []


def test_a_hash_mismatch_that_pip_reports_is_a_rejection(pip, tmp_path):
    pip(stderr="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.")
    with pytest.raises(SourceRejected, match="not the pinned file"):
        fetch(PINNED, tmp_path)


def test_a_failed_download_is_unavailable_and_its_message_holds_no_address_or_password(pip, tmp_path):
    pip(stderr="WARNING: retrying\nERROR: no answer from https://user:secret@index.test/simple/sample/ today\n")
    with pytest.raises(SourceUnavailable, match="no answer from <address> today") as failure:
        fetch(PINNED, tmp_path)
    assert "secret" not in str(failure.value)
    assert "network" in failure.value.remedy
    assert names_in(tmp_path) == []


def test_a_download_that_hangs_ends_at_its_deadline(pip, tmp_path):
    pip(hangs=True)
    with pytest.raises(SourceUnavailable, match="longer than 3 s"):
        fetch(PINNED, tmp_path, deadline=3)


def test_fetching_at_the_same_time_gives_everybody_the_whole_file(pip, tmp_path):
    pip()
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda _: fetch(PINNED, tmp_path).read_bytes(), range(16)))
    assert set(contents) == {CONTENT}
    assert names_in(tmp_path) == [PINNED.filename]


def test_a_compiled_archive_is_the_same_build_on_every_machine(pip, tmp_path):
    fake = pip()
    fetch(Archive(distribution="sample", version="1.0", filename=PINNED.filename, sha256=PINNED.sha256, compiled=True),
          tmp_path)  # fmt: skip
    assert {"--abi=cp311", "--implementation=cp", "--python-version=3.11"} <= set(fake.commands[0])


def zip_with(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def tar_with(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_members_come_out_whole_from_zip_and_tar_and_gzip(tmp_path):
    wheel = zip_with(tmp_path / "a.whl", ("data/x.csv", b"a,b\n1,2\n"), ("data/y.csv.gz", gzip.compress(b"y" * 5000)))
    assert member(wheel, "data/x.csv") == b"a,b\n1,2\n"
    assert member(wheel, "data/y.csv.gz") == b"y" * 5000
    sdist = tar_with(tmp_path / "a.tar.gz", (tarfile.TarInfo("a/x.csv"), b"first"), (tarfile.TarInfo("a/z.csv"), b"z"))
    assert member(sdist, "a/z.csv") == b"z"
    with member_file(wheel, "data/x.csv") as copy:
        assert copy.read_bytes() == b"a,b\n1,2\n"
    assert not copy.exists()


def test_gzip_files_joined_end_to_end_are_one_stream():
    assert gunzip(gzip.compress(b"one,") + gzip.compress(b"two"), "x.gz") == b"one,two"


@pytest.mark.parametrize("name", ["../x.csv", "a/../../x.csv", "/etc/passwd", "..\\x.csv", "C:\\x.csv", "\\x.csv"])
def test_an_archive_with_a_name_that_leaves_it_is_refused_whole_i14(tmp_path, name):
    wheel = zip_with(tmp_path / "evil.whl", ("good.csv", b"1"), (name, b"2"))
    sdist = tar_with(tmp_path / "evil.tar.gz", (tarfile.TarInfo(name), b"2"), (tarfile.TarInfo("good.csv"), b"1"))
    for path in (wheel, sdist):
        with pytest.raises(SourceRejected, match="unsafe name"):
            member(path, "good.csv")
        with pytest.raises(SourceRejected, match="unsafe name"):
            member(path, name)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused_because_readers_disagree_on_it_i14(tmp_path):
    with pytest.raises(SourceRejected, match="unsafe name"):
        member(zip_with(tmp_path / "a.whl", ("x.csv", b"1"), ("x.csv", b"2")), "x.csv")


def test_links_are_refused_in_zip_and_tar_i14(tmp_path):
    link = zipfile.ZipInfo("x.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(SourceRejected, match="not a plain file"):
        member(zip_with(tmp_path / "a.whl", (link, b"/etc/passwd")), "x.csv")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo("x.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        with pytest.raises(SourceRejected, match="not a plain file"):
            member(tar_with(tmp_path / "a.tar.gz", (info, b"")), "x.csv")


def peak_of(action) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(SourceRejected, match="unfolds"):
            action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_end_at_the_cap_whatever_they_declare_i13(tmp_path):
    zeros = bytes(64 * 2**20)
    bomb = gzip.compress(zeros)
    wheel = zip_with(tmp_path / "a.whl", ("x.csv", zeros))
    nested = zip_with(tmp_path / "b.whl", ("x.csv.gz", bomb))
    sdist = tar_with(tmp_path / "c.tar.gz", (tarfile.TarInfo("x.csv"), zeros))
    for action in (lambda: gunzip(bomb, "x"), lambda: member(wheel, "x.csv"), lambda: member(nested, "x.csv.gz"),
                   lambda: member(sdist, "x.csv")):  # fmt: skip
        assert peak_of(action) < 16 * 2**20


def test_size_is_capped_also_below_the_ratio_i13(tmp_path):
    wheel = zip_with(tmp_path / "a.whl", ("x.csv", b"abc" * 1000))
    with pytest.raises(SourceRejected, match="more than 2,999 bytes"):
        member(wheel, "x.csv", max_bytes=2999)
    assert len(member(wheel, "x.csv", max_bytes=3000)) == 3000


def test_a_zip_that_lies_about_the_size_of_a_member_is_refused_i13(tmp_path):
    wheel = zip_with(tmp_path / "a.whl", ("x.csv", b"z" * 9000))
    raw = wheel.read_bytes()
    wheel.write_bytes(raw.replace((9000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(SourceRejected, match="damaged"):
        member(wheel, "x.csv")


@pytest.mark.parametrize("cut", [10, 200])
def test_cut_archives_are_refused(tmp_path, cut):
    wheel = zip_with(tmp_path / "a.whl", ("x.csv", bytes(range(256)) * 20))
    wheel.write_bytes(wheel.read_bytes()[:-cut])
    with pytest.raises(SourceRejected):
        member(wheel, "x.csv")
    with pytest.raises(SourceRejected, match="cut off"):
        gunzip(gzip.compress(b"hello" * 100)[:-5], "x.gz")
    with pytest.raises(SourceRejected, match="damaged"):
        zipped(b"no zip at all", "inner.zip", "x.csv")


def test_an_absent_member_is_named(tmp_path):
    with pytest.raises(SourceRejected, match=r"a.whl has no member y.csv"):
        member(zip_with(tmp_path / "a.whl", ("x.csv", b"1")), "y.csv")
