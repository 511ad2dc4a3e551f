"""Reading over kept connections: what a node closes, refuses or cannot be asked at."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from warehouse.client import Address, Client
from warehouse.store import Warehouse
from zeno.errors import WarehouseDown, WarehouseError


def test_a_result_has_its_types_and_an_empty_one_its_columns(warehouse: Warehouse):
    sql = "SELECT toDecimal64(1.5, 8) AS price, {at:DateTime64(6, 'UTC')} AS at, 'x' AS t, {ids:Array(UInt32)} AS ids"
    at = datetime(2024, 1, 8, 1, 2, 3, 456_789, tzinfo=UTC)
    found = warehouse.client().arrow(f"{sql};", {"at": at, "ids": [1, 2]})
    assert found.to_pylist() == [{"price": Decimal("1.5"), "at": at, "t": "x", "ids": [1, 2]}]
    assert warehouse.client().arrow(f"{sql} WHERE 0", {"at": at, "ids": [1]}).schema.names == found.schema.names


def test_a_connection_that_was_closed_meanwhile_is_made_anew(warehouse: Warehouse):
    client = warehouse.client()
    client.arrow("SELECT 1")
    _, kept = client._reader._idle[-1]
    assert kept.sock is not None
    kept.sock.shutdown(2)
    assert client.arrow("SELECT 1 AS a").to_pylist() == [{"a": 1}]


def test_an_error_after_the_first_rows_is_an_error(warehouse: Warehouse):
    with pytest.raises(WarehouseError, match=r"refused: .*here"):
        warehouse.client().arrow("SELECT throwIf(number = 900000, 'here') FROM numbers(1000000)")
    assert warehouse.client().arrow("SELECT 1 AS a").num_rows == 1


def test_more_parameters_than_an_address_holds_are_sent_all_the_same(warehouse: Warehouse):
    ids = list(range(1_000_000, 1_002_000))
    found = warehouse.client().arrow("SELECT length({ids:Array(UInt32)}) AS n", {"ids": ids})
    assert found["n"].to_pylist() == [len(ids)]


def test_a_proxy_without_a_node_behind_it_is_a_node_that_is_down():
    class Gone(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(503)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Gone) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Client(Address("127.0.0.1", server.server_port, "a", "b"), patience=0.2)
        with pytest.raises(WarehouseDown):
            client.arrow("SELECT 1")
        server.shutdown()
