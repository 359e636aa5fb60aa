"""Values to bytes."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from local_host.servicebus.amqp.errors import EncodeError
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


def encode(value: Any) -> bytes:
    """The value with its constructor; EncodeError if it has no AMQP type or is out of range."""
    try:
        encoder = _ENCODERS[type(value)]
    except KeyError:
        raise EncodeError(f"{value!r} ({type(value).__name__}) has no AMQP type") from None
    try:
        return encoder(value)
    except (struct.error, UnicodeEncodeError) as error:
        raise EncodeError(f"{value!r} does not fit into {type(value).__name__} ({error})") from error


class _Wide(NamedTuple):
    """The constructor that every value of a type can use, and how its body is written: what arrays need."""

    code: int
    body: Callable[[Any], bytes]


def _packed(form: str) -> Callable[[Any], bytes]:
    return struct.Struct(f">{form}").pack


def _sized(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _listed(values: list[Any]) -> bytes:
    content = b"".join(map(encode, values))
    return struct.pack(">II", len(content) + 4, len(values)) + content


def _mapped(pairs: Mapping[Any, Any]) -> bytes:
    return _listed([part for pair in pairs.items() for part in pair])


_WIDE: Mapping[type, _Wide] = MappingProxyType(
    {
        bool: _Wide(0x56, lambda value: b"\x01" if value else b"\x00"),
        UByte: _Wide(0x50, _packed("B")),
        UShort: _Wide(0x60, _packed("H")),
        UInt: _Wide(0x70, _packed("I")),
        ULong: _Wide(0x80, _packed("Q")),
        Byte: _Wide(0x51, _packed("b")),
        Short: _Wide(0x61, _packed("h")),
        Int: _Wide(0x71, _packed("i")),
        Long: _Wide(0x81, _packed("q")),
        Float: _Wide(0x72, _packed("f")),
        float: _Wide(0x82, _packed("d")),
        Decimal32: _Wide(0x74, _packed("4s")),
        Decimal64: _Wide(0x84, _packed("8s")),
        Decimal128: _Wide(0x94, _packed("16s")),
        Char: _Wide(0x73, lambda value: struct.pack(">I", ord(value))),
        Timestamp: _Wide(0x83, _packed("q")),
        uuid.UUID: _Wide(0x98, lambda value: value.bytes),
        bytes: _Wide(0xB0, _sized),
        str: _Wide(0xB1, lambda value: _sized(value.encode())),
        Symbol: _Wide(0xB3, lambda value: _sized(value.encode("ascii"))),
        list: _Wide(0xD0, _listed),
        dict: _Wide(0xD1, _mapped),
    }
)


def _wide(kind: type) -> Callable[[Any], bytes]:
    code, body = _WIDE[kind]
    prefix = bytes((code,))
    return lambda value: prefix + body(value)


def _small(low: int, high: int, prefix: bytes, form: str, kind: type) -> Callable[[Any], bytes]:
    wide, narrow = _wide(kind), struct.Struct(f">{form}").pack
    return lambda value: prefix + narrow(value) if low <= value <= high else wide(value)


def _unsigned(zero: bytes, prefix: bytes, kind: type) -> Callable[[Any], bytes]:
    other = _small(1, 255, prefix, "B", kind)
    return lambda value: other(value) if value else zero


def _variable(short: int, long: int, content: bytes) -> bytes:
    length = len(content)
    return (bytes((short, length)) if length < 256 else struct.pack(">BI", long, length)) + content


def _compound(short: int, long: int, count: int, content: bytes) -> bytes:
    size = len(content)
    if size < 255 and count < 256:
        return bytes((short, size + 1, count)) + content
    return struct.pack(">BII", long, size + 4, count) + content


def _encode_list(values: list[Any]) -> bytes:
    return _compound(0xC0, 0xD0, len(values), b"".join(map(encode, values))) if values else b"\x45"


def _encode_map(pairs: Mapping[Any, Any]) -> bytes:
    content = b"".join(encode(key) + encode(value) for key, value in pairs.items())
    return _compound(0xC1, 0xD1, 2 * len(pairs), content)


def _encode_array(array: Array) -> bytes:
    wide = _WIDE.get(array.element)
    if wide is None:
        raise EncodeError(f"an array of {array.element.__name__} is not supported")
    if strangers := [item for item in array.items if type(item) is not array.element]:
        raise EncodeError(f"{strangers[0]!r} is no {array.element.__name__}, which the array holds")
    content = bytes((wide.code,)) + b"".join(map(wide.body, array.items))
    return _compound(0xE0, 0xF0, len(array.items), content)


_ENCODERS: Mapping[type, Callable[[Any], bytes]] = MappingProxyType(
    {
        **{kind: _wide(kind) for kind in _WIDE},
        type(None): lambda _value: b"\x40",
        bool: lambda value: b"\x41" if value else b"\x42",
        UInt: _unsigned(b"\x43", b"\x52", UInt),
        ULong: _unsigned(b"\x44", b"\x53", ULong),
        Int: _small(-128, 127, b"\x54", "b", Int),
        Long: _small(-128, 127, b"\x55", "b", Long),
        bytes: lambda value: _variable(0xA0, 0xB0, value),
        str: lambda value: _variable(0xA1, 0xB1, value.encode()),
        Symbol: lambda value: _variable(0xA3, 0xB3, value.encode("ascii")),
        list: _encode_list,
        dict: _encode_map,
        Array: _encode_array,
        Described: lambda value: b"\x00" + encode(value.descriptor) + encode(value.value),
    }
)
