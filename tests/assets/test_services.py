"""Webserver and daemon: up from any folder, healthy, found again, and gone without a trace."""

from urllib.request import urlopen

import psutil
import pytest

from assets.services import DAEMON, WEBSERVER, Services
from zeno.settings import Settings


@pytest.fixture
def services(tmp_path, manifest, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Services(Settings(home=tmp_path / "home", cache=tmp_path, drop=tmp_path / "drop"))
    yield made
    made.stop()


def family(services) -> list[psutil.Process]:
    found = [psutil.Process(status.pid) for status in services.status() if status.pid]
    return [*found, *(child for process in found for child in process.children(recursive=True))]


def test_they_start_serve_and_stop_leaving_no_process(services):
    started = {status.name: status for status in services.start(port=3456)}
    assert all(status.healthy for status in started.values())
    url = started[WEBSERVER.name].url
    assert url is not None
    with urlopen(f"{url}/server_info", timeout=10) as response:
        assert response.status == 200
    again = {status.name: status.pid for status in services.start()}
    assert again == {name: status.pid for name, status in started.items()}, "what runs is found, not started twice"
    processes = family(services)
    assert len(processes) >= 4, "two services, each with its code server"
    assert services.stop()
    assert [process for process in processes if process.is_running()] == []
    assert not services.stop()


def test_a_pid_file_of_another_process_is_not_believed(services, tmp_path):
    home = tmp_path / "home" / "dagster"
    home.mkdir(parents=True)
    me = psutil.Process()
    (home / f"{DAEMON.name}.pid").write_text(f'{{"pid": {me.pid}, "created": {me.create_time() - 1000}, "port": null}}')
    assert services.status()[1].pid is None
    assert not services.stop()
