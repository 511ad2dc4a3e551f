"""Small data that ships with Zeno; PROVENANCE.md says where each file comes from."""

from importlib.resources import files


def sample(name: str) -> bytes:
    """Return the content of a shipped file."""
    return files(__name__).joinpath(name).read_bytes()
