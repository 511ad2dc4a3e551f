"""One question to a source, and the words for every way in which it can fail.

Belongs here: the address, what must never be shown of it, and the errors with their remedies. Not here: sockets, waits
and the order of things (``collectors.transport``).
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import httpcore
import httpx

from collectors.body import BodyCap, DamagedBodyError, read_body
from zeno.errors import ConfigError, SourceRejected, SourceUnavailable

RETRIED = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, DamagedBodyError)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_EXCERPT = BodyCap(size=1 << 16)
_EXCERPT_CHARACTERS = 300


@dataclass(frozen=True)
class Question:
    """Where to ask, which media types an answer may have, and the texts that must never be shown."""

    url: httpx.URL
    accept: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def name(self) -> str:
        """The address without its query, for people."""
        return f"{self.url.scheme}://{self.url.netloc.decode()}{self.url.path}"

    def shown(self, text: str) -> str:
        """Return ``text`` in one printable line, short, and without the secrets in any of their spellings."""
        for secret in self.secrets:
            for spelling in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
                text = text.replace(spelling, "***")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line[:_EXCERPT_CHARACTERS]

    def excerpt(self, answer: httpcore.Response, headers: httpx.Headers) -> str:
        """Return the head of a refused answer's body."""
        try:
            body = read_body(answer.iter_stream(), headers.get("Content-Encoding", ""), _EXCERPT, source=self.name)
        except (*RETRIED, SourceRejected):
            # The answer is refused already, for its status or type; that its text is unreadable too changes nothing.
            return "(its text is unreadable)"
        return self.shown(body.decode("utf-8", "replace"))


def question(
    url: str, params: Mapping[str, str | int], secrets: Mapping[str, str], accept: tuple[str, ...]
) -> Question:
    """Return the question, with a query made of ``params`` and ``secrets``.

    Raises
    ------
    ConfigError
        If it would go over a network in clear text.
    """
    query = {**params, **secrets}
    target = httpx.URL(url, params=query) if query else httpx.URL(url)
    if target.scheme != "https" and not (target.scheme == "http" and target.host in _LOOPBACK):
        raise ConfigError(
            f"{target.scheme}://{target.host} would be asked in clear text.", remedy="Use an https:// address."
        )
    return Question(target, accept, tuple(secret for secret in secrets.values() if secret))


def keep_headers_out_of_logs() -> None:
    """Drop the lines in which httpcore logs response headers: a redirect repeats the query there, key included."""
    logging.getLogger("httpcore.http11").addFilter(_is_not_headers)


def _is_not_headers(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("receive_response_headers.")


def unavailable(asked: Question, what: str) -> SourceUnavailable:
    """Return the error for a source that did not answer."""
    return SourceUnavailable(
        f"{asked.name} {what}.", remedy="Run again later; what was loaded is kept, and only the rest is asked for."
    )


def untrusted(asked: Question, error: BaseException) -> SourceRejected:
    """Return the error for a certificate that does not verify."""
    return SourceRejected(
        f"{asked.name} was refused: its certificate does not verify ({asked.shown(str(error))}).",
        remedy="Check this machine's date, and what stands between here and the source; nothing was sent.",
    )


def wrong_status(asked: Question, answer: httpcore.Response, headers: httpx.Headers) -> SourceRejected:
    """Return the error for a status that asking again will not change."""
    if 300 <= answer.status < 400:
        to = asked.shown(headers.get("Location", "nowhere").partition("?")[0])
        return SourceRejected(
            f"{asked.name} answered HTTP {answer.status}, a redirect to {to!r}, which is not followed.",
            remedy="A key must not travel to another address; if the source has moved, change its base URL.",
        )
    return SourceRejected(
        f"{asked.name} answered HTTP {answer.status}: {asked.excerpt(answer, headers)}",
        remedy="Asking again will not help: correct what its message names.",
    )


def wrong_type(asked: Question, answer: httpcore.Response, headers: httpx.Headers) -> SourceRejected:
    """Return the error for a 200 whose content is not what was asked for."""
    got = asked.shown(headers.get("Content-Type", "")) or "no content type"
    return SourceRejected(
        f"{asked.name} answered {got!r} where {' or '.join(asked.accept)} was asked for: "
        f"{asked.excerpt(answer, headers)!r}.",
        remedy="Open the address in a browser: a login, maintenance or block page answers in its place.",
    )
