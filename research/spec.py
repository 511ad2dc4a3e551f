"""The spec of a study: everything that its results depend on. Its hash is the study's id."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from research.canonical import canonical, digest


@dataclass(frozen=True)
class Spec:
    """What is asked, of which data, by which code: equal specs are one study.

    Parameters
    ----------
    kind
        Name of a kind of study (``research.kinds``).
    question
        What the kind is asked: its own parameters, the seed among them.
    data
        Universe, interval (UTC), resolution, ``as_of`` and source; or the file and its hash.
    snapshot
        Id of the data snapshot: the loads, or the file's content, that the data were read from.
    code
        Version of the code that computes the answer (``research.code``).
    """

    kind: str
    question: Mapping[str, Any]
    data: Mapping[str, Any]
    snapshot: str
    code: str

    @property
    def text(self) -> str:
        """The canonical text."""
        return canonical({name: getattr(self, name) for name in self.__dataclass_fields__})

    @property
    def id(self) -> str:
        """The first 16 hexadecimal digits of the canonical text's SHA-256."""
        return digest(self.text)[:16]

    @classmethod
    def from_text(cls, text: str) -> "Spec":
        """Return the spec of a canonical text."""
        return cls(**json.loads(text))

    def normal(self) -> "Spec":
        """Return the spec as it will be read back: only what JSON knows."""
        return Spec.from_text(self.text)
