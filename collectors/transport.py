"""How collectors ask over HTTP: one GET that ends in time, in bounded memory, with an answer or an error that says why.

    get
     1. refuse while the breaker is open                                (collectors.retry)
     2. ask; every socket operation obeys the deadline of the call      (collectors.deadline)
     3. 429, 5xx, time-outs, lost connections, short bodies             -> wait, then 2; in the end SourceUnavailable
     4. other statuses, redirects, certificates, a wrong content type   -> SourceRejected, at once
     5. read the body, decoded under a cap                              (collectors.body)

httpx gives URLs and the trust store; the connections are those of httpcore, on which httpx stands, because httpx has
no public way to hand them a socket that knows the deadline, and because its client logs whole URLs, keys included.
Proxies and trust are not taken from the environment; ``Policy.ca_file`` adds a trust anchor.

Not here: what a source's answer means. TLS verification cannot be switched off.
"""

import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType

import httpcore
import httpx

from collectors.body import BodyCap, read_body
from collectors.deadline import Deadline, DeadlineBackend
from collectors.exchange import (
    RETRIED,
    Question,
    keep_headers_out_of_logs,
    question,
    unavailable,
    untrusted,
    wrong_status,
    wrong_type,
)
from collectors.retry import Breaker, backoff_seconds, retry_after_seconds
from zeno.clock import Clock

JSON = ("application/json",)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How patient and how generous a transport is. Times in seconds.

    Parameters
    ----------
    attempts
        How often one call asks at most.
    connect, read
        Time for connecting, and for each wait on the socket.
    deadline
        Time for the whole call: attempts, waits and bodies.
    backoff_base, backoff_cap
        The jittered wait before attempt n + 1 is drawn from [0, min(cap, base · 2^(n - 1))].
    retry_after_cap
        The longest wait that a source may ask for.
    body
        Limits of the decoded body.
    breaker_failures, breaker_cool_down
        Failed attempts in a row after which the source is left alone, and for how long.
    ca_file
        A PEM file with certificates to trust besides the public ones.
    """

    attempts: int = 5
    connect: float = 10.0
    read: float = 30.0
    deadline: float = 180.0
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    retry_after_cap: float = 60.0
    body: BodyCap = field(default_factory=BodyCap)
    breaker_failures: int = 8
    breaker_cool_down: float = 60.0
    ca_file: Path | None = None
    user_agent: str = "zeno"


@dataclass(frozen=True)
class Response:
    """An answer that passed every check: its decoded body, its media type in lower case, and its headers."""

    body: bytes
    content_type: str
    headers: httpx.Headers


@dataclass(frozen=True)
class _Failure:
    """An attempt that may be repeated."""

    reason: str
    retry_after: float | None = None


class Transport:
    """GET with retries, one deadline a call, caps and a circuit breaker. One source, one thread.

    Parameters
    ----------
    policy
        Limits and patience.
    clock
        Measures deadlines and cool-downs, and waits.
    seed
        Of the jitter, so that a run can be repeated.
    """

    def __init__(self, policy: Policy, clock: Clock, seed: int) -> None:
        self._policy = policy
        self._clock = clock
        self._draw = random.Random(seed)
        self._deadline = Deadline(clock)
        self._breaker = Breaker(clock, failures=policy.breaker_failures, cool_down=policy.breaker_cool_down)
        keep_headers_out_of_logs()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(policy.ca_file), max_connections=1, network_backend=DeadlineBackend(self._deadline)
        )

    def __enter__(self) -> "Transport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        accept: tuple[str, ...] = JSON,
    ) -> Response:
        """Ask, and ask again while that may help.

        Parameters
        ----------
        url
            Without a query. Plain http is for this machine alone.
        params
            The query.
        secrets
            More of the query, such as an API key: sent, and in no message.
        accept
            The media types that an answer may have.

        Raises
        ------
        SourceUnavailable
            If no attempt succeeded within the policy, or the breaker is open.
        SourceRejected
            If the source answered with something that asking again will not change.
        ConfigError
            If the URL would send the query in clear text over a network.
        """
        asked = question(url, params or {}, secrets or {}, accept)
        self._deadline.start(self._policy.deadline)
        self._breaker.check(asked.name)
        for attempt in range(1, self._policy.attempts + 1):
            outcome = self._attempt(asked)
            if isinstance(outcome, Response):
                self._breaker.succeeded()
                return outcome
            self._breaker.failed(outcome.reason)
            self._breaker.check(asked.name)
            self._wait(asked, attempt, outcome)
        raise AssertionError("unreachable: the last failed attempt raises instead of waiting")

    def _attempt(self, asked: Question) -> Response | _Failure:
        """Ask once."""
        where = httpcore.URL(
            scheme=asked.url.raw_scheme, host=asked.url.raw_host, port=asked.url.port, target=asked.url.raw_path
        )
        headers = [
            ("Accept", ", ".join(asked.accept)),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", self._policy.user_agent),
        ]
        connect, read = self._policy.connect, self._policy.read
        timeouts = {"connect": connect, "pool": connect, "read": read, "write": read}
        try:
            with self._pool.stream("GET", where, headers=headers, extensions={"timeout": timeouts}) as answer:
                return self._judged(asked, answer)
        except RETRIED as error:
            if _is_certificate(error):
                raise untrusted(asked, error) from None
            return _Failure(asked.shown(f"{type(error).__name__}: {error}"))

    def _judged(self, asked: Question, answer: httpcore.Response) -> Response | _Failure:
        """Tell a good answer from one to retry and one to refuse."""
        headers = httpx.Headers(answer.headers)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            cap = self._policy.retry_after_cap
            wait = retry_after_seconds(headers.get("Retry-After"), self._clock.now(), cap=cap)
            return _Failure(f"HTTP {answer.status}", wait)
        if answer.status != HTTPStatus.OK:
            self._breaker.succeeded()  # the source is there; it is the question that is wrong
            raise wrong_status(asked, answer, headers)
        media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in asked.accept:
            raise wrong_type(asked, answer, headers)
        coding = headers.get("Content-Encoding", "")
        body = read_body(answer.iter_stream(), coding, self._policy.body, source=asked.name)
        return Response(body, media_type, headers)

    def _wait(self, asked: Question, attempt: int, failure: _Failure) -> None:
        """Wait as long as the source asked, or else the backoff; give up where another attempt is not allowed."""
        policy = self._policy
        if attempt == policy.attempts:
            raise unavailable(asked, f"failed {attempt} times; last: {failure.reason}")
        backoff = backoff_seconds(attempt, base=policy.backoff_base, cap=policy.backoff_cap, draw=self._draw)
        wait = backoff if failure.retry_after is None else failure.retry_after
        if wait >= self._deadline.left():
            raise unavailable(asked, f"did not answer within {policy.deadline:g} s; last: {failure.reason}")
        self._clock.sleep(wait)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(verify=True, trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _is_certificate(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is a certificate that does not verify."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
