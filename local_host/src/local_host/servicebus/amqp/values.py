"""AMQP 1.0 values as Python objects.

None, bool, float (double), str (string), bytes (binary), uuid.UUID, list and dict (map) stand for themselves. An
integer must say its width, a symbol that it is none of the strings: what was decoded encodes to the same type again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Symbol(str):
    """A name from a constrained domain, in ASCII."""

    __slots__ = ()


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class UByte(int):
    """0 to 2^8-1."""


class UShort(int):
    """0 to 2^16-1."""


class UInt(int):
    """0 to 2^32-1."""


class ULong(int):
    """0 to 2^64-1."""


class Byte(int):
    """-2^7 to 2^7-1."""


class Short(int):
    """-2^15 to 2^15-1."""


class Int(int):
    """-2^31 to 2^31-1."""


class Long(int):
    """-2^63 to 2^63-1."""


class Timestamp(int):
    """Milliseconds since 1970-01-01 UTC."""


class Float(float):
    """A 32-bit floating point number."""

    __slots__ = ()


class Decimal32(bytes):
    """A decimal number as it came: four bytes."""


class Decimal64(bytes):
    """A decimal number as it came: eight bytes."""


class Decimal128(bytes):
    """A decimal number as it came: sixteen bytes."""


@dataclass(frozen=True, slots=True)
class Array:
    """Elements of one type; `element` is that type, which an empty array needs."""

    element: type
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A value with a descriptor that tells its meaning."""

    descriptor: Any
    value: Any
