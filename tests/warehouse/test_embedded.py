"""The embedded node as a process: starting, stopping, being killed, being in the way, and who may do what."""

import fcntl
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from builders import kill, make_settings

from warehouse.client import Address, Client
from warehouse.embedded import engine as engine_module
from warehouse.embedded.control import EmbeddedWarehouse
from warehouse.store import User, connect
from zeno.errors import ConfigError, UnsupportedPlatform, WarehouseBusy, WarehouseError, WarehouseFull


@pytest.fixture
def control(tmp_path: Path) -> Iterator[EmbeddedWarehouse]:
    made = EmbeddedWarehouse(tmp_path / "warehouse")
    yield made
    made.down()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedWarehouse]:
    """One that is up, for tests that only look."""
    made = EmbeddedWarehouse(tmp_path_factory.mktemp("standing") / "warehouse")
    made.up()
    yield made
    made.down()


def ended(pid: int | None) -> bool:
    return pid is None or not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def client(control: EmbeddedWarehouse, user: str, password: str | None = None) -> Client:
    chosen = password if password is not None else getattr(control.credentials, user)
    return Client(Address("127.0.0.1", control.topology.nodes[0].http_port, user, chosen), patience=10)


def until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def test_up_is_idempotent_and_down_leaves_no_process(control):
    assert control.up() is True
    assert control.up() is False
    pids = [control.supervisor_pid(), *(node.pid for node in control.status())]
    assert control.down() is True
    assert control.down() is False
    assert all(ended(pid) for pid in pids)


def test_a_day_is_a_day_in_utc_whatever_the_machines_zone(control, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    control.up()
    assert client(control, "researcher").scalar("SELECT timezone()") == "UTC"


@pytest.mark.parametrize("process", ["engine", "supervisor"])
def test_a_process_of_a_node_loads_neither_arrow_nor_the_driver(process):
    heavy = "numpy", "pandas", "pyarrow", "clickhouse_connect", "zeno.settings"
    code = f"import sys, warehouse.embedded.{process}; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_killed_engine_is_started_again_with_its_data(control):
    control.up()
    admin = client(control, "admin")
    admin.command("CREATE TABLE default.kept (n UInt8) ENGINE = MergeTree ORDER BY n")
    admin.command("INSERT INTO default.kept VALUES (1), (2)")
    before = control.status()[0].pid
    kill(before)
    until(lambda: control.status()[0].pid not in {None, before} and control.status()[0].healthy)
    assert admin.scalar("SELECT count() FROM default.kept") == 2


def test_engines_end_with_a_killed_supervisor_and_up_starts_anew(control):
    control.up()
    supervisor, engine = control.supervisor_pid(), control.status()[0].pid
    kill(supervisor)
    until(lambda: ended(engine))
    assert control.up() is True
    assert control.status()[0].healthy


def test_up_right_after_a_killed_supervisor_waits_for_its_engines(control):
    control.up()
    supervisor = control.supervisor_pid()
    kill(supervisor)
    until(lambda: ended(supervisor))
    assert control.up() is True
    assert control.supervisor_pid() not in {None, supervisor}, "or down would miss it"


def test_up_starts_another_supervisor_when_the_first_is_killed_on_its_way(control, monkeypatch):
    spawn, spawned = control._spawn, []

    def spawn_and_kill_the_first() -> subprocess.Popen[bytes]:
        spawned.append(spawn())
        if len(spawned) == 1:
            kill(spawned[0].pid)
        return spawned[-1]

    monkeypatch.setattr(control, "_spawn", spawn_and_kill_the_first)
    assert control.up() is True
    assert control.supervisor_pid() == spawned[1].pid


def test_up_starts_another_supervisor_when_the_one_it_waits_for_is_killed(control, monkeypatch):
    control.up()
    first, answers = control.supervisor_pid(), control._answers

    def kill_and_answer(node) -> bool:
        monkeypatch.setattr(control, "_answers", answers)
        kill(first)
        return False

    monkeypatch.setattr(control, "_answers", kill_and_answer)
    control.up()
    assert control.supervisor_pid() not in {None, first}
    assert control.status()[0].healthy


def test_up_waits_for_a_supervisor_that_has_the_folder_and_has_not_said_who_it_is(control):
    control.topology  # noqa: B018 - makes the folder
    with (control.root / "supervisor.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        timer = threading.Timer(1.5, fcntl.flock, (lock, fcntl.LOCK_UN))
        timer.start()
        assert control.up() is True
        timer.join()


def test_up_waits_for_ports_that_a_predecessor_frees_after_its_lock(control):
    with socket.socket() as predecessor:
        predecessor.bind(("127.0.0.1", control.topology.nodes[0].http_port))
        predecessor.listen()
        timer = threading.Timer(0.7, predecessor.close)
        timer.start()
        assert control.up() is True
        timer.join()


def test_an_engine_whose_supervisor_is_gone_never_serves(control):
    control.up()
    control.down()
    command = [sys.executable, "-m", "warehouse.embedded.engine", str(control.root / "node1")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as orphan:
        assert orphan.wait(20) == 0
    assert not control.status()[0].healthy


def test_a_second_supervisor_of_a_folder_is_refused_w06(control):
    control.up()
    command = [sys.executable, "-m", "warehouse.embedded.supervisor", str(control.root)]
    second = subprocess.run(command, timeout=30, check=False)
    assert second.returncode == WarehouseBusy.exit_code
    (report,) = control.root.glob("supervisor.*.error")
    assert "in use by another supervisor" in report.read_text()
    assert control.status()[0].healthy


def test_a_taken_port_is_named_and_other_ports_can_be_chosen(control):
    port = control.topology.nodes[0].http_port
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        with pytest.raises(WarehouseBusy, match=str(port)) as caught:
            control.up()
        assert "--repick-ports" in caught.value.remedy
        assert control.up(repick_ports=True) is True
    assert control.topology.nodes[0].http_port != port


def test_ports_are_recorded_and_kept(control):
    control.up()
    ports = control.topology.nodes
    control.down()
    control.up()
    assert control.topology.nodes == ports


def test_processes_that_begin_a_folder_together_agree_on_its_passwords_and_ports(tmp_path):
    code = ("import sys; from pathlib import Path; from warehouse.embedded import credentials, topology\n"
            "root = Path(sys.argv[1]); sys.stdin.read()\n"
            "for number in range(100):\n"
            "    (folder := root / str(number)).mkdir(exist_ok=True)\n"
            "    print(credentials.load_or_create(folder).admin)\n"
            "    print(topology.load_or_create(folder, 2).nodes)\n")  # fmt: skip
    begun = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) for _ in range(3)]  # fmt: skip
    for process in begun:
        assert process.stdin is not None
        process.stdin.close()
    said = [process.stdout.read() for process in begun if process.stdout is not None]
    assert [process.wait() for process in begun] == [0, 0, 0]
    assert said[0] == said[1] == said[2]
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_full_disk_is_said_before_anything_starts(control, monkeypatch):
    usage = shutil.disk_usage(control.root.parent)._replace(free=10 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(WarehouseFull, match="10 MiB"):
        control.up()


def test_a_platform_without_an_engine_is_told_what_to_do_instead(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UnsupportedPlatform) as caught:
        engine_module.library_path()
    assert "ZENO_CLICKHOUSE_URL" in caught.value.remedy


def test_a_folder_keeps_its_number_of_shards(standing):
    with pytest.raises(ConfigError, match="1 shard"):
        EmbeddedWarehouse(standing.root, shards=2).up()


def test_only_loopback_listens(standing):
    pid = standing.status()[0].pid
    addresses = {entry.laddr.ip for entry in psutil.Process(pid).net_connections("tcp") if entry.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}


def test_queries_are_not_traced_into_a_log(standing):
    log = standing.root / "node1" / "log" / "server.log"
    assert not [line for line in log.read_text().splitlines() if "<Debug>" in line or "<Trace>" in line]


def test_passwords_are_private_and_in_no_log(standing):
    client(standing, "admin").scalar("SELECT 1")
    for path in (standing.root / "credentials.json", standing.root / "node1" / "users.xml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(standing.root.stat().st_mode) == 0o700
    secrets = [getattr(standing.credentials, user) for user in User]
    logs = [*standing.root.rglob("*.log"), *standing.root.rglob("*.out"), *standing.root.rglob("users.xml")]
    assert len(logs) >= 3
    for path in logs:
        text = path.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), path


@pytest.mark.parametrize(("user", "password"), [("admin", "wrong"), ("admin", ""), ("nobody", "x")])
def test_nobody_enters_without_the_password(standing, user, password):
    with pytest.raises(WarehouseError, match="Authentication failed"):
        client(standing, user, password).scalar("SELECT count() FROM system.tables")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM system.tables",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SHOW TABLES FROM raw",
    ],
)
def test_the_engines_own_user_is_of_no_use_to_others(standing, sql):
    with pytest.raises(WarehouseError, match=r"QUOTA_EXCEEDED|ACCESS_DENIED|UNKNOWN"):
        client(standing, "default", "").rows(sql)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("INSERT INTO raw.trades SELECT * FROM raw.trades", "ACCESS_DENIED"),
        ("DROP TABLE raw.trades", "ACCESS_DENIED"),
        ("SELECT * FROM file('/etc/hostname', 'LineAsString')", "ACCESS_DENIED"),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "ACCESS_DENIED"),
        ("SELECT 1 SETTINGS max_memory_usage = 1000000000000", "SETTING_CONSTRAINT_VIOLATION"),
        ("SELECT 1 SETTINGS max_execution_time = 100000", "SETTING_CONSTRAINT_VIOLATION"),
        # Zero would be no limit.
        ("SELECT number FROM numbers(50000001) SETTINGS max_result_rows = 0", "SETTING_CONSTRAINT_VIOLATION"),
        ("SELECT 1 SETTINGS max_rows_to_read = 0", "SETTING_CONSTRAINT_VIOLATION"),
        ("SELECT 1 SETTINGS max_execution_time = 0", "SETTING_CONSTRAINT_VIOLATION"),
        ("SELECT 1 SETTINGS max_memory_usage = 0", "SETTING_CONSTRAINT_VIOLATION"),
        ("SELECT 1 SETTINGS max_concurrent_queries_for_user = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ],
)
def test_a_researcher_only_reads_and_within_limits(warehouse, sql, why):
    with pytest.raises(WarehouseError, match=why):
        warehouse.client().rows(sql)


def test_a_runaway_query_is_stopped_and_others_go_on_w10(warehouse):
    runaway = "SELECT uniqExact(number, rand()) FROM numbers(10000000000) SETTINGS max_execution_time = 1"
    with pytest.raises(WarehouseError, match=r"TIMEOUT_EXCEEDED|MEMORY_LIMIT_EXCEEDED"):
        warehouse.client().scalar(runaway)
    hungry = "SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 100000000"
    with pytest.raises(WarehouseError, match="MEMORY_LIMIT_EXCEEDED"):
        warehouse.client().scalar(hungry)
    assert warehouse.client().scalar("SELECT 1") == 1


def test_the_writer_may_not_touch_what_is_not_its_own(warehouse):
    with pytest.raises(WarehouseError, match="ACCESS_DENIED"):
        warehouse.client(User.WRITER).command("SYSTEM SHUTDOWN")


def test_an_upgrade_restarts_a_warehouse_that_grants_too_little(control):
    control.up()
    admin = client(control, "admin")
    admin.command("CREATE DATABASE mrie")
    admin.command("CREATE TABLE mrie.kept (n UInt8) ENGINE = MergeTree ORDER BY n")
    admin.command("INSERT INTO mrie.kept VALUES (1)")
    before = control.supervisor_pid()
    path = control.topology.nodes[0].folder(control.root) / "users.xml"
    made = path.read_text()
    path.write_text("\n".join(line for line in made.splitlines() if " ON mrie.*" not in line))  # an older version's
    assert control.up() is True
    assert control.supervisor_pid() != before
    assert path.read_text() == made
    assert client(control, "researcher").scalar("SELECT count() FROM mrie.kept") == 1
    path.write_text(
        made.replace(
            "GRANT SELECT, SHOW ON mrie.*", "GRANT SELECT, SHOW ON newer.*</query><query>GRANT SELECT, SHOW ON mrie.*"
        )
    )
    assert control.up() is False, "a newer version grants more, which does no harm"


def test_an_external_server_is_used_by_its_address_alone(running, tmp_path):
    address = running.addresses[User.ADMIN][0]
    url = f"http://{address.user}:{address.password}@{address.host}:{address.port}"
    external = connect(make_settings(tmp_path, clickhouse_url=url))
    assert external.client().scalar("SELECT count() FROM ops.migrations") >= 1
    assert not (tmp_path / "warehouse").exists()


def test_an_address_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not an HTTP address"):
        connect(make_settings(tmp_path, clickhouse_url="localhost:8123"))


def test_a_correlation_id_follows_a_query_into_the_engines_log(warehouse):
    from zeno.telemetry import correlated

    with correlated("test-correlation"):
        warehouse.client().scalar("SELECT 42")
    admin = warehouse.client(User.ADMIN)
    admin.command("SYSTEM FLUSH LOGS")
    assert admin.scalar("SELECT count() FROM system.query_log WHERE log_comment = 'test-correlation'") > 0


def test_pid_files_of_other_processes_are_not_believed(control):
    control.up()
    control.down()
    (control.root / "supervisor.pid").write_text(str(os.getpid()))
    assert control.supervisor_pid() is None
    assert control.up() is True
