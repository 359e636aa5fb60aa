"""What Arrow's own schema in a Parquet file says of a column that Parquet itself knows only as an integer.

Writers such as pyarrow and polars keep it, base64 encoded, under the key ``ARROW:schema``: an IPC message, which is a
flatbuffer (Arrow's format/Schema.fbs). A duration or a period is a plain INT64 to whoever does not read it.
"""

import base64
import struct
from dataclasses import dataclass

KEY = "ARROW:schema"
_CONTINUATION = b"\xff\xff\xff\xff"
_DURATION = 18
_EXTENSION = "ARROW:extension:name"
# Slots of the tables: Message.header, Schema.fields; Field.name, .type_type, .custom_metadata; KeyValue.key, .value.
_HEADER, _FIELDS = 2, 1
_NAME, _TYPE, _METADATA = 0, 2, 6
_ENTRY_KEY, _ENTRY_VALUE = 0, 1


def special_columns(encoded: bytes) -> dict[str, str]:
    """Return the columns that are no plain type, by name: ``duration``, or the name of an extension type.

    A schema that cannot be read names none: it is an addition for readers that know it, and the file is read without.
    """
    try:
        message = base64.b64decode(encoded)
        body = message[8:] if message.startswith(_CONTINUATION) else message[4:]
        schema = _root(body).table(_HEADER)
        found = {field.text(_NAME): _special(field) for field in schema.tables(_FIELDS)}
    except (ValueError, struct.error, IndexError):
        return {}
    return {name: kind for name, kind in found.items() if kind}


def _special(field: "_Table") -> str:
    for entry in field.tables(_METADATA):
        if entry.text(_ENTRY_KEY) == _EXTENSION:
            return entry.text(_ENTRY_VALUE)
    return "duration" if field.byte(_TYPE) == _DURATION else ""


@dataclass(frozen=True)
class _Table:
    """A flatbuffer table: fields lie where its vtable says; a slot that is not there has its default."""

    data: bytes
    at: int

    def byte(self, slot: int) -> int:
        place = self._place(slot)
        return self.data[place] if place else 0

    def text(self, slot: int) -> str:
        place = self._place(slot)
        if not place:
            return ""
        start = _follow(self.data, place)
        length = _unsigned(self.data, start)
        return self.data[start + 4 : start + 4 + length].decode()

    def table(self, slot: int) -> "_Table":
        place = self._place(slot)
        if not place:
            msg = f"the slot {slot} is empty"
            raise ValueError(msg)
        return _Table(self.data, _follow(self.data, place))

    def tables(self, slot: int) -> list["_Table"]:
        place = self._place(slot)
        if not place:
            return []
        start = _follow(self.data, place)
        count = min(_unsigned(self.data, start), len(self.data) // 4)
        return [_Table(self.data, _follow(self.data, start + 4 + 4 * index)) for index in range(count)]

    def _place(self, slot: int) -> int:
        """Where the field of a slot lies; 0 if it is not there."""
        (back,) = struct.unpack_from("<i", self.data, self.at)
        vtable = self.at - back
        if vtable < 0 or 4 + 2 * slot + 2 > struct.unpack_from("<H", self.data, vtable)[0]:
            return 0
        (offset,) = struct.unpack_from("<H", self.data, vtable + 4 + 2 * slot)
        return self.at + offset if offset else 0


def _root(data: bytes) -> _Table:
    return _Table(data, _follow(data, 0))


def _follow(data: bytes, place: int) -> int:
    return place + _unsigned(data, place)


def _unsigned(data: bytes, place: int) -> int:
    value: int = struct.unpack_from("<I", data, place)[0]
    return value
