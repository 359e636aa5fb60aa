"""Hypothesis strategies for everything that AMQP can carry."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

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

_UNSIGNED = {UByte: 8, UShort: 16, UInt: 32, ULong: 64}
_SIGNED = {Byte: 8, Short: 16, Int: 32, Long: 64, Timestamp: 64}
_TEXT = st.text(st.characters(codec="utf-8"), max_size=300)

BY_TYPE: dict[type, st.SearchStrategy[Any]] = {
    **{kind: st.integers(0, 2**bits - 1).map(kind) for kind, bits in _UNSIGNED.items()},
    **{kind: st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).map(kind) for kind, bits in _SIGNED.items()},
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    Float: st.floats(width=32, allow_nan=False).map(Float),
    Decimal32: st.binary(min_size=4, max_size=4).map(Decimal32),
    Decimal64: st.binary(min_size=8, max_size=8).map(Decimal64),
    Decimal128: st.binary(min_size=16, max_size=16).map(Decimal128),
    Char: st.characters(codec="utf-8").map(Char),
    bytes: st.binary(max_size=300),
    str: _TEXT,
    Symbol: st.text(st.characters(codec="ascii"), max_size=300).map(Symbol),
}
PRIMITIVES = st.one_of(st.none(), st.uuids(), *BY_TYPE.values())


def _array(kind: type) -> st.SearchStrategy[Array]:
    return st.lists(BY_TYPE[kind], max_size=5).map(lambda items: Array(kind, tuple(items)))


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(_TEXT, inner, max_size=5),
        st.builds(Described, BY_TYPE[ULong], inner),
        st.sampled_from(list(BY_TYPE)).flatmap(_array),
    )


VALUES = st.recursive(PRIMITIVES, _compound, max_leaves=15)
"""Values of every type, nested."""


def typed(value: Any) -> Any:
    """The value with the type of each of its parts, since 1 == UInt(1) == True in Python."""
    if isinstance(value, Described):
        return (Described, typed(value.descriptor), typed(value.value))
    if isinstance(value, Array):
        return (Array, value.element, [typed(item) for item in value.items])
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    return (type(value), value)
