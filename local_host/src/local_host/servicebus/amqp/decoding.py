"""Bytes to values."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.values import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

# A frame of a few bytes must not ask for deep recursion or for a huge list.
_MAX_DEPTH = 32
_MAX_COUNT = 65_536

_Decoder = Callable[[bytes, int, int], tuple[Any, int]]


def decode(buffer: bytes, offset: int = 0) -> tuple[Any, int]:
    """The value that begins at `offset`, and where it ends; DecodeError if the bytes are no AMQP value."""
    try:
        return _decode(buffer, offset, 0)
    except (struct.error, IndexError) as error:
        raise DecodeError(f"the value at byte {offset} is cut off after {len(buffer)} bytes") from error


def _decode(buffer: bytes, offset: int, depth: int) -> tuple[Any, int]:
    decoder = _DECODERS.get(buffer[offset])
    if decoder is None:
        raise DecodeError(f"byte {offset}: 0x{buffer[offset]:02x} is no AMQP constructor")
    return decoder(buffer, offset + 1, depth)


def _constant(value: Any) -> _Decoder:
    return lambda _buffer, offset, _depth: (value, offset)


def _fixed(form: str, kind: Callable[[Any], Any]) -> _Decoder:
    layout = struct.Struct(f">{form}")
    unpack, size = layout.unpack_from, layout.size
    return lambda buffer, offset, _depth: (kind(unpack(buffer, offset)[0]), offset + size)


def _variable(form: str, kind: Callable[[bytes], Any]) -> _Decoder:
    layout = struct.Struct(f">{form}")
    unpack, size = layout.unpack_from, layout.size

    def decoder(buffer: bytes, offset: int, _depth: int) -> tuple[Any, int]:
        start = offset + size
        end = start + unpack(buffer, offset)[0]
        if end > len(buffer):
            raise DecodeError(f"byte {offset}: {end - start} bytes are announced, {len(buffer) - start} are there")
        return kind(buffer[start:end]), end

    return decoder


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"a string is not UTF-8 ({error})") from error


def _symbol(content: bytes) -> Symbol:
    try:
        return Symbol(content.decode("ascii"))
    except UnicodeDecodeError as error:
        raise DecodeError(f"a symbol is not ASCII ({error})") from error


def _char(code: int) -> Char:
    try:
        return Char(chr(code))
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"{code} is no Unicode character") from error


def _counted(form: str) -> Callable[[bytes, int, int], tuple[int, int, int]]:
    """Reads size and count of a compound: its count, where its content begins and where it must end."""
    layout = struct.Struct(f">{form}")
    width = layout.size // 2

    def read(buffer: bytes, offset: int, depth: int) -> tuple[int, int, int]:
        size, count = layout.unpack_from(buffer, offset)
        end = offset + width + size
        if end > len(buffer):
            raise DecodeError(f"byte {offset}: a compound of {size} bytes exceeds what is there")
        if count > _MAX_COUNT or depth >= _MAX_DEPTH:
            raise DecodeError(f"byte {offset}: more than {_MAX_COUNT} elements or {_MAX_DEPTH} levels")
        return count, offset + 2 * width, end

    return read


def _list(form: str) -> _Decoder:
    counted = _counted(form)

    def decoder(buffer: bytes, offset: int, depth: int) -> tuple[list[Any], int]:
        count, offset, end = counted(buffer, offset, depth)
        values = []
        for _ in range(count):
            value, offset = _decode(buffer, offset, depth + 1)
            values.append(value)
        _require_end(offset, end)
        return values, end

    return decoder


def _map(form: str) -> _Decoder:
    read = _list(form)

    def decoder(buffer: bytes, offset: int, depth: int) -> tuple[dict[Any, Any], int]:
        values, end = read(buffer, offset, depth)
        if len(values) % 2:
            raise DecodeError(f"byte {offset}: a map of {len(values)} parts has a key without a value")
        try:
            return dict(zip(values[::2], values[1::2], strict=True)), end
        except TypeError as error:
            raise DecodeError(f"byte {offset}: a key of a map is a list, map or array") from error

    return decoder


def _array(form: str) -> _Decoder:
    counted = _counted(form)

    def decoder(buffer: bytes, offset: int, depth: int) -> tuple[Array, int]:
        count, offset, end = counted(buffer, offset, depth)
        constructor = buffer[offset]
        element = _ELEMENTS.get(constructor)
        if element is None:
            raise DecodeError(f"byte {offset}: an array of 0x{constructor:02x} is not supported")
        offset += 1
        items = []
        for _ in range(count):
            item, offset = _DECODERS[constructor](buffer, offset, depth + 1)
            items.append(item)
        _require_end(offset, end)
        return Array(element, tuple(items)), end

    return decoder


def _require_end(offset: int, end: int) -> None:
    if offset != end:
        raise DecodeError(f"byte {offset}: the elements of a compound end here, its size says byte {end}")


def _described(buffer: bytes, offset: int, depth: int) -> tuple[Described, int]:
    if depth >= _MAX_DEPTH:
        raise DecodeError(f"byte {offset}: more than {_MAX_DEPTH} levels")
    descriptor, offset = _decode(buffer, offset, depth + 1)
    value, offset = _decode(buffer, offset, depth + 1)
    return Described(descriptor, value), offset


_DECODERS: Mapping[int, _Decoder] = MappingProxyType(
    {
        0x00: _described,
        0x40: _constant(None),
        0x41: _constant(True),
        0x42: _constant(False),
        0x43: _constant(UInt(0)),
        0x44: _constant(ULong(0)),
        0x45: lambda _buffer, offset, _depth: ([], offset),
        0x50: _fixed("B", UByte),
        0x51: _fixed("b", Byte),
        0x52: _fixed("B", UInt),
        0x53: _fixed("B", ULong),
        0x54: _fixed("b", Int),
        0x55: _fixed("b", Long),
        0x56: _fixed("B", bool),
        0x60: _fixed("H", UShort),
        0x61: _fixed("h", Short),
        0x70: _fixed("I", UInt),
        0x71: _fixed("i", Int),
        0x72: _fixed("f", Float),
        0x73: _fixed("I", _char),
        0x74: _fixed("4s", Decimal32),
        0x80: _fixed("Q", ULong),
        0x81: _fixed("q", Long),
        0x82: _fixed("d", float),
        0x83: _fixed("q", Timestamp),
        0x84: _fixed("8s", Decimal64),
        0x94: _fixed("16s", Decimal128),
        0x98: _fixed("16s", lambda content: uuid.UUID(bytes=content)),
        0xA0: _variable("B", bytes),
        0xA1: _variable("B", _text),
        0xA3: _variable("B", _symbol),
        0xB0: _variable("I", bytes),
        0xB1: _variable("I", _text),
        0xB3: _variable("I", _symbol),
        0xC0: _list("BB"),
        0xC1: _map("BB"),
        0xD0: _list("II"),
        0xD1: _map("II"),
        0xE0: _array("BB"),
        0xF0: _array("II"),
    }
)
_ELEMENTS: Mapping[int, type] = MappingProxyType(
    {
        0x56: bool,
        0x50: UByte,
        0x60: UShort,
        **dict.fromkeys((0x43, 0x52, 0x70), UInt),
        **dict.fromkeys((0x44, 0x53, 0x80), ULong),
        0x51: Byte,
        0x61: Short,
        **dict.fromkeys((0x54, 0x71), Int),
        **dict.fromkeys((0x55, 0x81), Long),
        0x72: Float,
        0x82: float,
        0x73: Char,
        0x74: Decimal32,
        0x84: Decimal64,
        0x94: Decimal128,
        0x83: Timestamp,
        0x98: uuid.UUID,
        **dict.fromkeys((0xA0, 0xB0), bytes),
        **dict.fromkeys((0xA1, 0xB1), str),
        **dict.fromkeys((0xA3, 0xB3), Symbol),
        **dict.fromkeys((0x45, 0xC0, 0xD0), list),
        **dict.fromkeys((0xC1, 0xD1), dict),
    }
)
