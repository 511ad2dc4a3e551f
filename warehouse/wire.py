"""Arrow columns as bytes, piece by piece: to send them, and to hash them, without joining a table's chunks first."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from zeno.arrow_compute import pc

_ROWS_A_PIECE = 262_144


def arrow_stream(data: pa.Table) -> Iterator[bytes]:
    """Give a table in Arrow's stream format, as it is being made."""
    sink = _Pieces()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), data.schema) as writer:
        for batch in data.to_batches(max_chunksize=_ROWS_A_PIECE):
            writer.write_batch(batch)
            yield from sink.taken()
    yield from sink.taken()


def content(column: pa.ChunkedArray) -> Iterator[bytes | pa.Buffer | memoryview]:
    """Give bytes that are equal for equal values of one type, however they are chunked.

    Which rows are null comes first, then the values of the others: what lies under a null is nobody's value.
    """
    if column.null_count:
        yield np.packbits(pc.is_valid(column).to_numpy()).data
        column = column.drop_null()
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from content(column.cast(kind.value_type))
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        yield from _texts(column, np.dtype(np.int32))
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        yield from _texts(column, np.dtype(np.int64))
    elif (pa.types.is_primitive(kind) and not pa.types.is_boolean(kind)) or pa.types.is_decimal(kind):
        yield from _fixed(column, kind.bit_width // 8)
    else:
        yield from arrow_stream(pa.table({"": column.combine_chunks()}))


def _texts(column: pa.ChunkedArray, offset: np.dtype) -> Iterator[memoryview]:
    for chunk in _filled(column):
        yield pc.binary_length(chunk).to_numpy().data
    for chunk in _filled(column):
        _, offsets, data = chunk.buffers()
        bounds = np.frombuffer(offsets, offset)[chunk.offset : chunk.offset + len(chunk) + 1]
        if data is not None:
            yield memoryview(data)[bounds[0] : bounds[-1]]


def _fixed(column: pa.ChunkedArray, width: int) -> Iterator[memoryview]:
    for chunk in _filled(column):
        yield memoryview(chunk.buffers()[1])[chunk.offset * width : (chunk.offset + len(chunk)) * width]


def _filled(column: pa.ChunkedArray) -> list[pa.Array]:
    return [chunk for chunk in column.chunks if len(chunk)]


class _Pieces:
    """A writable that keeps what it is given until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(data)
        return len(data)

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written can still be taken."""
