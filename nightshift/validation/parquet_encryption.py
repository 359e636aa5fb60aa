"""Whether a Parquet file with a readable footer has encrypted columns (its "plaintext footer" mode).

Only ``FileMetaData.encryption_algorithm``, field 8 of the footer, says so. The footer is Thrift's compact protocol; all
fields before it are skipped. It is asked only of a file that could not be read, because a long footer takes a while.
"""

from pathlib import Path

_ENCRYPTION_ALGORITHM = 8
_TAIL_BYTES = 8  # the footer's length, then the magic number
_STOP = 0
_BOOLEANS, _BYTE, _INTEGERS = frozenset({1, 2}), 3, frozenset({4, 5, 6})
_DOUBLE, _BINARY, _LISTS, _MAP, _STRUCT = 7, 8, frozenset({9, 10}), 11, 12


def has_encrypted_columns(path: Path) -> bool:
    """Whether the footer names an encryption algorithm; a damaged footer does not."""
    try:
        return _ENCRYPTION_ALGORITHM in _Reader(_footer(path)).field_ids()
    except (IndexError, ValueError, RecursionError):
        return False


def _footer(path: Path) -> bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(0, size - _TAIL_BYTES - length))
        return file.read(length)


class _Reader:
    """Walks over Thrift's compact protocol without keeping a value."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def field_ids(self) -> set[int]:
        """The ids of the fields of the struct that begins here."""
        found: set[int] = set()
        last = 0
        while (header := self._next()) != _STOP:
            delta, kind = header >> 4, header & 0x0F
            last = last + delta if delta else _zigzag(self._varint())
            found.add(last)
            self._skip(kind)
        return found

    def _skip(self, kind: int, *, element: bool = False) -> None:
        if kind in _BOOLEANS:
            self._at += element  # a field's boolean is in its header
        elif kind == _BYTE:
            self._at += 1
        elif kind in _INTEGERS:
            self._varint()
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BINARY:
            length = self._varint()  # which moves on itself
            self._at += length
        elif kind in _LISTS:
            header = self._next()
            count = header >> 4 if header >> 4 < 15 else self._varint()
            self._skip_elements(count, header & 0x0F)
        elif kind == _MAP:
            if count := self._varint():
                kinds = self._next()
                self._skip_elements(count, kinds >> 4, kinds & 0x0F)
        elif kind == _STRUCT:
            self.field_ids()
        else:
            msg = f"no type of the compact protocol: {kind}"
            raise ValueError(msg)

    def _skip_elements(self, count: int, *kinds: int) -> None:
        if count > len(self._data):  # each element takes a byte at least
            msg = f"a collection of {count} elements in {len(self._data)} bytes"
            raise ValueError(msg)
        for _ in range(count):
            for kind in kinds:
                self._skip(kind, element=True)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._next()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _next(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte


def _zigzag(number: int) -> int:
    return (number >> 1) ^ -(number & 1)
