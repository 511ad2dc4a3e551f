"""The webserver and the daemon: started detached, found again by pid and creation time, stopped in good order.

    start   reap dead runs -> webserver (loopback, recorded port) -> daemon -> both healthy
    stop    SIGTERM, a deadline, SIGKILL; then whatever they had started themselves; then reap

Only processes that this data folder's pid files name, and their descendants, are ever signalled.
"""

import json
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil

from assets.instance import open_instance, prepare_home
from assets.reaper import reap
from warehouse.embedded.topology import HOST
from zeno.clock import Clock, SystemClock
from zeno.errors import ZenoError
from zeno.settings import PROJECT_ROOT, Settings

MODULE = "assets.definitions"
FIRST_PORT = 3000
_POLL_SECONDS = 0.5
_PORTS_TRIED = 200
_LOCATIONS = "{workspaceOrError{... on Workspace{locationEntries{locationOrLoadError{__typename}}}}}"
_GRACE_SECONDS = 20.0
_SAME_SECONDS = 2.0


class ServiceError(ZenoError):
    """A service did not start, or did not stop."""


@dataclass(frozen=True)
class Service:
    """One of the two: its name, and the module that is run."""

    name: str
    module: str


WEBSERVER = Service("dagster-webserver", "dagster_webserver")
DAEMON = Service("dagster-daemon", "dagster._daemon")
SERVICES = (WEBSERVER, DAEMON)


@dataclass(frozen=True)
class ServiceStatus:
    """How a service is. ``url`` is the webserver's."""

    name: str
    pid: int | None
    healthy: bool
    url: str | None
    log: Path


@dataclass(frozen=True)
class _Record:
    """What a pid file says: enough to know the process again after its pid was reused."""

    pid: int
    created: float
    port: int | None = None

    def process(self) -> psutil.Process | None:
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < _SAME_SECONDS
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Services:
    """Webserver and daemon of one data folder."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()

    def start(self, *, port: int | None = None, timeout: float = 90.0) -> list[ServiceStatus]:
        """Start what is not running, wait until both are healthy, and return how they are.

        Raises
        ------
        ServiceError
            If one ends, or is not healthy in time; see its log.
        """
        prepare_home(self._settings)
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        with open_instance(self._settings) as instance:
            reap(instance)
        for service in SERVICES:
            if self._running(service) is None:
                self._spawn(service, port)
        self._await_healthy(timeout)
        return self.status()

    def stop(self, *, timeout: float = _GRACE_SECONDS) -> bool:
        """Stop both, and everything that they started. Return whether anything was running."""
        running = {service: process for service in SERVICES if (process := self._running(service)) is not None}
        family = {child for process in running.values() for child in [process, *_descendants(process)]}
        for process in running.values():
            _signal(process.terminate)
        _, left = psutil.wait_procs(list(running.values()), timeout=timeout)
        for process in left:
            _signal(process.kill)
        _end(family, timeout)
        for service in SERVICES:
            self._pid_file(service).unlink(missing_ok=True)
        if running:
            with open_instance(self._settings) as instance:
                reap(instance)
        return bool(running)

    def status(self) -> list[ServiceStatus]:
        """Return how both are."""
        return [self._status(service) for service in SERVICES]

    def _status(self, service: Service) -> ServiceStatus:
        record, process = self._record(service), self._running(service)
        url = f"http://{HOST}:{record.port}" if process is not None and record is not None and record.port else None
        healthy = process is not None and (_shows_assets(url) if service is WEBSERVER else self._beats(process))
        return ServiceStatus(service.name, process.pid if process else None, healthy, url, self._log(service))

    def _beats(self, process: psutil.Process) -> bool:
        """Whether the daemon has reported since it was started."""
        with open_instance(self._settings) as instance:
            beats = instance.get_daemon_statuses()
        return any(
            beat.last_heartbeat is not None and beat.last_heartbeat.timestamp >= process.create_time()
            for beat in beats.values()
        )

    def _spawn(self, service: Service, port: int | None) -> None:
        chosen = _free_port(port or FIRST_PORT) if service is WEBSERVER else None
        command = [sys.executable, "-m", service.module, *self._arguments(service, chosen)]
        environment = self._settings.child_environment(
            DAGSTER_HOME=str(self._settings.dagster_home), PYTHONPATH=str(PROJECT_ROOT)
        )
        with self._log(service).open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment,
                                       cwd=self._settings.dagster_home, start_new_session=True)  # fmt: skip
        record = _Record(process.pid, psutil.Process(process.pid).create_time(), chosen)
        self._pid_file(service).write_text(json.dumps(asdict(record)))

    def _arguments(self, service: Service, port: int | None) -> list[str]:
        location = ["-m", MODULE, "-d", str(PROJECT_ROOT)]
        return ["-h", HOST, "-p", str(port), *location] if service is WEBSERVER else ["run", *location]

    def _await_healthy(self, timeout: float) -> None:
        deadline = self._clock.monotonic() + timeout
        while ill := [found for found in self.status() if not found.healthy]:
            ended = [found for found in ill if found.pid is None]
            if ended or self._clock.monotonic() > deadline:
                if ended:
                    raise ServiceError(f"{ended[0].name} ended while it started.", remedy=f"See {ended[0].log}.")
                raise ServiceError(
                    f"{ill[0].name} is not healthy after {timeout:g} s.",
                    remedy=f"See {ill[0].log}; on a busy machine, run zeno up again: it waits on.",
                )
            self._clock.sleep(_POLL_SECONDS)

    def _running(self, service: Service) -> psutil.Process | None:
        record = self._record(service)
        return record.process() if record else None

    def _record(self, service: Service) -> _Record | None:
        path = self._pid_file(service)
        try:
            return _Record(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _pid_file(self, service: Service) -> Path:
        return self._settings.dagster_home / f"{service.name}.pid"

    def _log(self, service: Service) -> Path:
        return self._settings.logs / f"{service.name}.log"


def _free_port(first: int) -> int:
    """Return the first port from ``first`` on that nobody listens on."""
    for port in range(first, min(first + _PORTS_TRIED, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServiceError(f"No port from {first} to {first + _PORTS_TRIED} is free.", remedy="Give another one.")


def _shows_assets(url: str | None) -> bool:
    """Whether the webserver answers and has our definitions.

    One whose definitions failed to load serves an empty page with status 200: ``/server_info`` alone says too little.
    """
    if url is None:
        return False
    request = Request(  # noqa: S310 - our own loopback address
        f"{url}/graphql", json.dumps({"query": _LOCATIONS}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310
            entries = json.load(response)["data"]["workspaceOrError"]["locationEntries"]
    except (URLError, OSError, ValueError, KeyError, TypeError):
        return False
    return any((entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation" for entry in entries)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(send) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return


def _end(processes: set[psutil.Process], timeout: float) -> None:
    """End what outlived its parent: code servers and run workers leave by themselves within moments, or are made to."""
    _, left = psutil.wait_procs(list(processes), timeout=3)
    for process in left:
        _signal(process.terminate)
    _, left = psutil.wait_procs(left, timeout=timeout)
    for process in left:
        _signal(process.kill)
    psutil.wait_procs(left, timeout=5)
