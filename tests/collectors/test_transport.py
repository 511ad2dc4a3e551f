"""The HTTP transport against a real local server that misbehaves on request (FAULTS I10, I13, I15-I20, I22).

Waits are on a manual clock. Where the point is a deadline against a slow server, the clock is the machine's and the
deadline short.
"""

import gzip
import logging
import ssl
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from fake_fred import HTML, KEY, OK, Cut, Drip, FakeFred, FakeSeries, Hang, Raw, Status, bomb
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.body import BodyCap, DamagedBodyError, read_body
from collectors.json_text import MAX_DEPTH, parse_json
from collectors.retry import retry_after_seconds
from collectors.transport import Policy, Response, Transport
from zeno.clock import ManualClock, SystemClock
from zeno.errors import ConfigError, SourceRejected, SourceUnavailable

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
POLICY = Policy(attempts=4, connect=2, read=2, deadline=60, backoff_base=0.5, backoff_cap=4, breaker_failures=100)
QUESTION = {"series_id": "X", "file_type": "json"}
DAY = NOW.date()


@pytest.fixture
def fake() -> Iterator[FakeFred]:
    with FakeFred({"X": FakeSeries([(DAY, DAY, "1.5")])}) as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def ask(fake: FakeFred, clock: ManualClock | SystemClock, policy: Policy = POLICY, *, seed: int = 7) -> Response:
    with Transport(policy, clock, seed) as transport:
        return get(fake, transport)


def get(fake: FakeFred, transport: Transport, *, key: str = KEY) -> Response:
    return transport.get(f"{fake.base_url}/series", QUESTION, secrets={"api_key": key})


def test_a_good_answer_comes_at_once_with_its_type_and_headers(fake: FakeFred, clock: ManualClock) -> None:
    answer = ask(fake, clock)
    assert parse_json(answer.body)["seriess"][0]["id"] == "X"
    assert answer.content_type == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert clock.slept == []


def test_a_gzipped_answer_is_decoded(fake: FakeFred, clock: ManualClock) -> None:
    plain = ask(fake, clock).body
    fake.gzipped = True
    answer = ask(fake, clock)
    assert (answer.headers["content-encoding"], answer.body) == ("gzip", plain)


class TestRateLimits:  # I15
    def test_429_without_retry_after_is_retried_after_a_jittered_growing_wait(
        self, fake: FakeFred, clock: ManualClock
    ) -> None:
        fake.script(Status(429), Status(429), Status(429))
        ask(fake, clock)
        assert len(fake.requests) == 4
        for wait, most in zip(clock.slept, (0.5, 1.0, 2.0), strict=True):
            assert 0 < wait < most
        assert len(set(clock.slept)) == 3

    def test_the_same_seed_waits_alike_and_another_seed_does_not(self, fake: FakeFred) -> None:
        waits = []
        for seed in (7, 7, 8):
            clock = ManualClock(NOW)
            fake.script(Status(429), Status(503))
            ask(fake, clock, seed=seed)
            waits.append(clock.slept)
        assert waits[0] == waits[1] != waits[2]

    def test_the_backoff_is_capped(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(*[Status(503)] * 30)
        policy = replace(POLICY, attempts=31, backoff_cap=0.75, deadline=1e9)
        ask(fake, clock, policy)
        assert len(clock.slept) == 30
        assert 0.6 < max(clock.slept) <= 0.75

    def test_retry_after_in_seconds_is_obeyed(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(429, retry_after="17"))
        ask(fake, clock)
        assert clock.slept == [17]

    def test_retry_after_as_a_date_is_obeyed(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(503, retry_after=format_datetime(NOW + timedelta(seconds=25), usegmt=True)))
        ask(fake, clock)
        assert clock.slept == [25]

    @pytest.mark.parametrize("header", ["86400", "9" * 5000, "Fri, 01 Jan 2100 00:00:00 GMT"])
    def test_retry_after_is_capped(self, fake: FakeFred, clock: ManualClock, header: str) -> None:
        fake.script(Status(429, retry_after=header))
        ask(fake, clock, replace(POLICY, retry_after_cap=30))
        assert clock.slept == [30]

    @pytest.mark.parametrize("header", ["soon", "-5", "1e9", "", "٣", "Fri, 99 Foo 2100"])
    def test_an_unreadable_retry_after_falls_back_to_the_backoff(
        self, fake: FakeFred, clock: ManualClock, header: str
    ) -> None:
        assert retry_after_seconds(header, NOW, cap=30) is None
        fake.script(Status(429, retry_after=header.encode("ascii", "replace").decode()))
        ask(fake, clock)
        assert 0 < clock.slept[0] < 0.5

    def test_a_retry_after_date_that_has_passed_asks_for_no_wait(self) -> None:
        assert retry_after_seconds(format_datetime(NOW - timedelta(hours=1), usegmt=True), NOW, cap=30) == 0

    def test_a_wait_that_would_pass_the_deadline_is_not_begun(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(429, retry_after="50"), Status(429, retry_after="50"))
        with pytest.raises(SourceUnavailable, match="did not answer within 60 s; last: HTTP 429") as caught:
            ask(fake, clock)
        assert clock.slept == [50]
        assert caught.value.remedy

    @given(st.text(max_size=60))
    @settings(max_examples=300, deadline=None)
    def test_no_header_makes_it_crash_or_wait_beyond_the_cap(self, header: str) -> None:
        wait = retry_after_seconds(header, NOW, cap=30)
        assert wait is None or 0 <= wait <= 30


class TestOutages:  # I16
    def test_a_burst_of_5xx_is_ridden_out(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(500), Status(502), Status(503))
        assert ask(fake, clock).body
        assert len(fake.requests) == 4

    def test_attempts_are_bounded_and_the_error_says_what_came_last(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(500), Status(502), Status(503), Status(502), OK)
        with pytest.raises(SourceUnavailable, match="failed 4 times; last: HTTP 502"):
            ask(fake, clock)
        assert (len(fake.requests), fake.left) == (4, 1)

    def test_the_breaker_opens_refuses_without_asking_and_resumes_after_the_cool_down(
        self, fake: FakeFred, clock: ManualClock
    ) -> None:
        policy = replace(POLICY, breaker_failures=3, breaker_cool_down=60)
        fake.script(Status(500), Status(502), Status(503))
        with Transport(policy, clock, 7) as transport:
            with pytest.raises(SourceUnavailable, match=r"3 times in a row.*last: HTTP 503"):
                get(fake, transport)
            clock.advance(59)
            with pytest.raises(SourceUnavailable, match="is not asked again") as caught:
                get(fake, transport)
            assert caught.value.remedy.startswith("Run again in 1 s")
            assert len(fake.requests) == 3
            clock.advance(1)
            assert get(fake, transport).body

    def test_after_the_cool_down_one_failure_opens_the_breaker_again(self, fake: FakeFred, clock: ManualClock) -> None:
        policy = replace(POLICY, breaker_failures=3, breaker_cool_down=60)
        fake.script(*[Status(503)] * 4)
        with Transport(policy, clock, 7) as transport:
            for _ in range(2):
                with pytest.raises(SourceUnavailable, match="times in a row"):
                    get(fake, transport)
                clock.advance(60)
            assert len(fake.requests) == 4
            assert get(fake, transport).body

    def test_a_success_between_failures_keeps_the_breaker_closed(self, fake: FakeFred, clock: ManualClock) -> None:
        policy = replace(POLICY, breaker_failures=3)
        with Transport(policy, clock, 7) as transport:
            for _ in range(3):
                fake.script(Status(500), Status(500), OK)
                get(fake, transport)
        assert len(fake.requests) == 9

    def test_a_refused_question_is_a_sign_of_life(self, fake: FakeFred, clock: ManualClock) -> None:
        policy = replace(POLICY, breaker_failures=3)
        with Transport(policy, clock, 7) as transport:
            for _ in range(3):
                fake.script(Status(500), Status(500), Status(404))
                with pytest.raises(SourceRejected, match="HTTP 404"):
                    get(fake, transport)
        assert len(fake.requests) == 9

    def test_bodies_that_never_arrive_whole_open_the_breaker_too(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(*[Cut(keep=10)] * 4)
        with pytest.raises(SourceUnavailable, match="3 times in a row"):
            ask(fake, clock, replace(POLICY, breaker_failures=3))


class TestTime:  # I17, I18
    def test_a_server_that_never_answers_costs_one_read_timeout_an_attempt(
        self, fake: FakeFred, clock: ManualClock
    ) -> None:
        fake.script(Hang(), Hang(), OK)
        assert ask(fake, clock, replace(POLICY, read=0.1)).body
        assert len(fake.requests) == 3

    def test_read_timeouts_are_retried_a_bounded_number_of_times(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(*[Hang()] * 9)
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match="failed 4 times; last: ReadTimeout"):
            ask(fake, clock, replace(POLICY, read=0.05))
        assert len(fake.requests) == 4
        assert time.monotonic() - started < 20  # the default would take two minutes

    def test_a_port_that_nobody_listens_on_is_retried_a_bounded_number_of_times(self, clock: ManualClock) -> None:
        with FakeFred({}) as gone:
            address = gone.base_url
        with Transport(POLICY, clock, 7) as transport, pytest.raises(SourceUnavailable, match="ConnectError"):
            transport.get(address)
        assert len(clock.slept) == 3

    @pytest.mark.parametrize("headers", [False, True], ids=["body", "headers"])
    def test_one_byte_a_while_ends_at_the_deadline_of_the_call(self, fake: FakeFred, headers: bool) -> None:
        fake.script(*[Drip(pause=0.1, headers=headers)] * 9)
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match="within 1 s"):
            ask(fake, SystemClock(), replace(POLICY, deadline=1, read=5))
        assert 0.9 < time.monotonic() - started < 2
        assert len(fake.requests) == 1

    def test_the_deadline_is_of_the_call_and_not_of_the_transport(self, fake: FakeFred, clock: ManualClock) -> None:
        with Transport(POLICY, clock, 7) as transport:
            get(fake, transport)
            clock.advance(POLICY.deadline * 2)
            assert get(fake, transport).body


class TestBodies:  # I13, I19, I20
    def test_a_body_cut_before_its_content_length_is_discarded_and_asked_for_again(
        self, fake: FakeFred, clock: ManualClock
    ) -> None:
        whole = ask(fake, clock).body
        fake.script(Cut(keep=len(whole) - 1), Cut(keep=0))
        assert ask(fake, clock).body == whole
        assert len(fake.requests) == 4

    def test_a_gzip_stream_that_ends_early_is_asked_for_again(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Raw(gzip.compress(b"[1]")[:-4], coding="gzip"), Raw(b"not gzip", coding="gzip"))
        assert ask(fake, clock).body
        assert len(fake.requests) == 3

    def test_a_gzip_bomb_is_refused_for_its_ratio_and_not_asked_for_again(
        self, fake: FakeFred, clock: ManualClock
    ) -> None:
        fake.script(bomb(50_000_000))
        with pytest.raises(SourceRejected, match="expand more than 200 times"):
            ask(fake, clock)
        assert len(fake.requests) == 1

    def test_the_size_cap_counts_decoded_bytes(self, fake: FakeFred, clock: ManualClock) -> None:
        cap = BodyCap(size=100_000, ratio=10**9)
        fake.script(bomb(99_998), bomb(99_999))
        assert len(ask(fake, clock, replace(POLICY, body=cap)).body) == 100_000
        with pytest.raises(SourceRejected, match="more than 100,000 bytes"):
            ask(fake, clock, replace(POLICY, body=cap))

    def test_a_bomb_is_left_at_the_cap_and_never_held_whole(self) -> None:
        packed = gzip.compress(b"\0" * 100_000_000, compresslevel=1)
        tracemalloc.start()
        with pytest.raises(SourceRejected, match="more than 1,000,000 bytes"):
            read_body([packed], "gzip", BodyCap(size=1_000_000, ratio=10**9), source="it")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4_000_000

    @pytest.mark.parametrize("coding", ["gzip, gzip", "br", "deflate"])
    def test_codings_that_were_not_asked_for_are_refused(self, fake: FakeFred, clock: ManualClock, coding: str) -> None:
        fake.script(Raw(b"[]", coding=coding))
        with pytest.raises(SourceRejected, match="content coding"):
            ask(fake, clock)

    @given(
        parts=st.lists(st.binary(max_size=200_000), min_size=1, max_size=3),
        size=st.integers(min_value=1, max_value=70_000),
    )
    @settings(max_examples=40, deadline=None)
    def test_gzip_of_any_members_in_any_chunks_decodes_to_what_was_packed(self, parts: list[bytes], size: int) -> None:
        packed = b"".join(gzip.compress(part) for part in parts)
        chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
        cap = BodyCap(ratio=10**9)
        assert read_body(chunks, "gzip", cap, source="it") == b"".join(parts)
        with pytest.raises(DamagedBodyError):
            read_body([packed[:-1]], "gzip", cap, source="it")

    @pytest.mark.parametrize("content_type", ["text/html; charset=UTF-8", ""])
    def test_200_with_another_content_type_is_refused_at_once_and_quoted(
        self, fake: FakeFred, clock: ManualClock, content_type: str
    ) -> None:
        fake.script(replace(HTML, content_type=content_type))
        with pytest.raises(SourceRejected, match=r"where application/json was asked for: .*maintenance"):
            ask(fake, clock)
        assert len(fake.requests) == 1


class TestRefusals:
    @pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
    def test_other_4xx_are_refused_at_once_with_the_servers_message(
        self, fake: FakeFred, clock: ManualClock, code: int
    ) -> None:
        fake.script(Status(code, body=b'{"error_message":"The series does\nnot exist."}'))
        with pytest.raises(SourceRejected, match=f"HTTP {code}: .*The series does not exist") as caught:
            ask(fake, clock)
        assert len(fake.requests) == 1
        assert caught.value.remedy

    def test_a_4xx_whose_text_is_a_bomb_is_still_a_4xx(self, fake: FakeFred, clock: ManualClock) -> None:
        packed = gzip.compress(b" " * 1_000_000)
        fake.script(Status(404, body=packed, headers={"Content-Encoding": "gzip"}))
        with pytest.raises(SourceRejected, match=r"HTTP 404: .*unreadable"):
            ask(fake, clock)

    def test_a_redirect_is_not_followed(self, fake: FakeFred, clock: ManualClock) -> None:
        fake.script(Status(302, headers={"Location": f"{fake.base_url}/series?api_key={KEY}"}))
        with pytest.raises(SourceRejected, match=r"HTTP 302, a redirect to '[^?]*/fred/series'"):
            ask(fake, clock)
        assert len(fake.requests) == 1

    def test_clear_text_over_a_network_is_refused_before_anything_is_sent(self, clock: ManualClock) -> None:
        with Transport(POLICY, clock, 7) as transport, pytest.raises(ConfigError, match="clear text") as caught:
            transport.get("http://192.0.2.1/fred", secrets={"api_key": KEY})
        assert KEY not in str(caught.value)


class TestSecrets:
    SECRET = 'k/ey "1'

    @pytest.mark.parametrize("spelling", ['k/ey "1', "k%2Fey%20%221", "k%2Fey+%221", 'k/ey \\"1'])
    def test_a_secret_that_the_server_echoes_is_in_no_message_and_no_log(
        self, fake: FakeFred, clock: ManualClock, caplog: pytest.LogCaptureFixture, spelling: str
    ) -> None:
        caplog.set_level(logging.DEBUG)
        fake.script(
            Status(400, body=f"bad key {spelling}!".encode()), Status(302, headers={"Location": f"/x/{spelling}"})
        )
        fake.script(Raw(f"<p>{spelling}</p>".encode(), "text/html"))
        said = []
        with Transport(POLICY, clock, 7) as transport:
            for _ in range(3):
                with pytest.raises(SourceRejected) as caught:
                    get(fake, transport, key=self.SECRET)
                assert caught.value.__cause__ is None
                said.append(str(caught.value))
        assert [query["api_key"] for _, query in fake.requests] == [self.SECRET] * 3
        assert all("***" in text for text in said)
        assert spelling not in "".join(said) + caplog.text

    def test_an_outage_does_not_show_the_key(
        self, fake: FakeFred, clock: ManualClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        fake.script(*[Status(500)] * 4)
        with pytest.raises(SourceUnavailable) as caught:
            ask(fake, clock)
        assert KEY not in str(caught.value) + caplog.text


class TestCertificates:  # I22
    @pytest.fixture
    def ca(self) -> trustme.CA:
        return trustme.CA()

    def answer(self, ca: trustme.CA, clock: ManualClock, tmp_path: Path, cert: trustme.LeafCert, *, known: bool) -> int:
        """Ask over TLS; return how many requests got through."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(tls)
        anchor = tmp_path / "ca.pem"
        ca.cert_pem.write_to_path(str(anchor))
        policy = replace(POLICY, ca_file=anchor if known else None)
        with FakeFred({"X": FakeSeries([(DAY, DAY, "1")])}, tls=tls) as fake:
            try:
                ask(fake, clock, policy)
            finally:
                self.seen = len(fake.requests)
        return self.seen

    def test_a_good_certificate_is_accepted(self, ca: trustme.CA, clock: ManualClock, tmp_path: Path) -> None:
        assert self.answer(ca, clock, tmp_path, ca.issue_cert("127.0.0.1"), known=True) == 1

    @pytest.mark.parametrize("fault", ["expired", "another host", "unknown issuer"])
    def test_a_bad_certificate_is_refused_and_not_retried(
        self, ca: trustme.CA, clock: ManualClock, tmp_path: Path, fault: str
    ) -> None:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        cert = {
            "expired": lambda: ca.issue_cert("127.0.0.1", not_before=long_ago, not_after=long_ago + timedelta(days=1)),
            "another host": lambda: ca.issue_cert("192.0.2.1"),
            "unknown issuer": lambda: ca.issue_cert("127.0.0.1"),
        }[fault]()
        words = {"expired": "expired", "another host": "mismatch", "unknown issuer": "unable to get local issuer"}
        with pytest.raises(SourceRejected, match=f"does not verify.*{words[fault]}"):
            self.answer(ca, clock, tmp_path, cert, known=fault != "unknown issuer")
        assert (self.seen, clock.slept) == (0, [])


class TestJson:  # I10
    def test_plain_json_is_read(self) -> None:
        assert parse_json(b'{"a": [1, 2.5, null, "x\\"[{"]}') == {"a": [1, 2.5, None, 'x"[{']}

    def test_a_byte_order_mark_changes_nothing(self) -> None:
        assert parse_json(b"\xef\xbb\xbf[1]") == [1]

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' occurs twice"),
            (b'{"a": 1', "it is cut at character"),
            (b'{"a": "text', "it is cut at character"),
            (b"", "it is cut at character 0 of 0"),
            (b"[1,, 2, 3]", "it is damaged at character"),
            (b"[NaN]", "NaN is not a JSON number"),
            (b"[-Infinity]", "-Infinity is not a JSON number"),
            (b"[1e999]", "the number 1e999 is beyond"),
            (b"[" + b"9" * 5000 + b"]", "5,000 digits"),
            ('["é"]'.encode("latin-1"), "not UTF-8 at byte 2"),
            ("[1]".encode("utf-16"), "not UTF-8 at byte 0"),
            (b"\xef\xbb\xbf\xef\xbb\xbf[1]", "damaged"),
            (b"[" * 100_000, "nested 100,000 deep"),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested 100,000 deep"),
            (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested 65 deep"),
        ],
        ids=lambda value: repr(value)[:24],
    )
    def test_bad_json_is_refused_with_the_reason(self, body: bytes, detail: str) -> None:
        with pytest.raises(SourceRejected, match=detail) as caught:
            parse_json(body, source="FRED")
        assert caught.value.message.startswith("The JSON from FRED was refused")
        assert len(str(caught.value)) < 400

    def test_brackets_in_strings_are_not_nesting(self) -> None:
        text = "[" * 1000 + '\\"' + "{" * 1000
        assert parse_json(f'["{text}"]'.encode()) == [text.replace("\\", "")]

    def test_an_endless_string_of_escapes_is_refused_in_linear_time(self) -> None:
        started = time.monotonic()
        with pytest.raises(SourceRejected, match="cut"):
            parse_json(b'["' + b'\\"' * 500_000)
        assert time.monotonic() - started < 5  # quadratic would be hours

    @given(st.binary(max_size=80) | st.text(alphabet='[]{}",:0e9.-N\\', max_size=40).map(str.encode))
    @settings(max_examples=500, deadline=None)
    def test_any_bytes_are_read_or_refused(self, body: bytes) -> None:
        with suppress(SourceRejected):
            parse_json(body)
