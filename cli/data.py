"""``zeno data …``: the files that results were made from, kept with DVC so that they can be made again."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import collectors.samples
from cli.output import console, megabytes, print_json, print_table
from collectors.dataset import Context
from research.files import FileVersion, restore, track, tracked
from zeno.errors import ConfigError
from zeno.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Keep the files that studies read, and get them back.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command("track")
def track_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; by default all archives and samples of data sets.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep the present content of files; the same content twice is kept once."""
    settings = Settings.from_env()
    chosen = [file for path in paths for file in _files(path)] if paths else _inputs(settings)
    _print("Kept", track(chosen, settings), as_json=as_json)


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the files that are kept."""
    _print("Tracked files", tracked(Settings.from_env()), as_json=as_json)


@app.command("restore")
def restore_command(
    wanted: Annotated[str, typer.Argument(metavar="NAME|MD5", help="A name, or the start of its MD5 or SHA-256.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it here; a new file.")] = None,
    as_json: Json = False,
) -> None:
    """Get a kept file back, checked by its hash, and print where it is."""
    settings = Settings.from_env()
    version = _one(wanted, tracked(settings))
    if output is not None and output.exists():
        raise ConfigError(f"{output} exists.", remedy="Name a new file with --output.")
    place = restore(version, settings)
    if output is not None:
        place = _copied(place, output)
    if as_json:
        print_json(asdict(version) | {"path": str(place)})
    else:
        typer.echo(place)


def _files(path: Path) -> list[Path]:
    """Return a file, or the files of a folder; hidden ones are left out."""
    if not path.is_dir():
        return [path]
    found = (file for file in sorted(path.rglob("*")) if file.is_file())
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def _inputs(settings: Settings) -> list[Path]:
    """Return the archives that have been downloaded, and the shipped samples."""
    samples = Path(next(iter(collectors.samples.__path__)))
    shipped = [path for pattern in ("*.csv", "*.csv.gz") for path in sorted(samples.glob(pattern))]
    archives = Context(settings=settings).archives
    return (_files(archives) if archives.is_dir() else []) + shipped


def _one(wanted: str, versions: list[FileVersion]) -> FileVersion:
    named = [entry for entry in versions if entry.name == wanted]
    found = named or [entry for entry in versions if entry.md5.startswith(wanted) or entry.sha256.startswith(wanted)]
    if not found:
        raise ConfigError(f"No kept file is {wanted!r}.", remedy="See: zeno data list")
    if len(found) > 1:
        hashes = ", ".join(f"{entry.md5} ({entry.name})" for entry in found[:10])
        raise ConfigError(f"{wanted!r} is {len(found)} files.", remedy=f"Name one by its MD5: {hashes}")
    return found[0]


def _copied(source: Path, target: Path) -> Path:
    fresh = target.with_name(target.name + ".part")
    shutil.copyfile(source, fresh)
    return fresh.replace(target).resolve()


def _print(title: str, versions: list[FileVersion], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(entry) for entry in versions])
        return
    print_table(title, ["name", "size", "MD5"], [(entry.name, megabytes(entry.size), entry.md5) for entry in versions])
    files = "1 file" if len(versions) == 1 else f"{len(versions)} files"
    console.print(f"{files}, {megabytes(sum(entry.size for entry in versions))}.", highlight=False)
