"""The performatives of AMQP 1.0 and of its SASL layer: the commands that frames carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType, NoneType
from typing import Annotated, Any, ClassVar, NamedTuple, get_args, get_origin, get_type_hints

from local_host.servicebus.amqp.decoding import decode
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.values import Described, Symbol, UByte, UInt, ULong, UShort

# What a field is in Python, and on the wire.
_UByte = Annotated[int, UByte]
_UShort = Annotated[int, UShort]
_UInt = Annotated[int, UInt]
_ULong = Annotated[int, ULong]
_Symbol = Annotated[str, Symbol]
_Map = dict[Any, Any]


@dataclass(slots=True, kw_only=True)
class Open:
    """The first command of a connection."""

    CODE: ClassVar[ULong] = ULong(0x10)
    container_id: str
    hostname: str | None = None
    max_frame_size: _UInt = 4_294_967_295
    channel_max: _UShort = 65_535
    idle_time_out: _UInt | None = None
    outgoing_locales: Any = None
    incoming_locales: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: _Map | None = None


@dataclass(slots=True, kw_only=True)
class Begin:
    """Opens a session on a channel."""

    CODE: ClassVar[ULong] = ULong(0x11)
    remote_channel: _UShort | None = None
    next_outgoing_id: _UInt
    incoming_window: _UInt
    outgoing_window: _UInt
    handle_max: _UInt = 4_294_967_295
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: _Map | None = None


@dataclass(slots=True, kw_only=True)
class Attach:
    """Opens a link. `role` True: who says so receives. `source` and `target` are sent back as they came."""

    CODE: ClassVar[ULong] = ULong(0x12)
    name: str
    handle: _UInt
    role: bool
    snd_settle_mode: _UByte = 2
    rcv_settle_mode: _UByte = 0
    source: Any = None
    target: Any = None
    unsettled: _Map | None = None
    incomplete_unsettled: bool = False
    initial_delivery_count: _UInt | None = None
    max_message_size: _ULong | None = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: _Map | None = None


@dataclass(slots=True, kw_only=True)
class Flow:
    """Tells windows of the session and, with a handle, the credit of a link."""

    CODE: ClassVar[ULong] = ULong(0x13)
    next_incoming_id: _UInt | None = None
    incoming_window: _UInt
    next_outgoing_id: _UInt
    outgoing_window: _UInt
    handle: _UInt | None = None
    delivery_count: _UInt | None = None
    link_credit: _UInt | None = None
    available: _UInt | None = None
    drain: bool = False
    echo: bool = False
    properties: _Map | None = None


@dataclass(slots=True, kw_only=True)
class Transfer:
    """A message or a part of one, which follows as the frame's payload."""

    CODE: ClassVar[ULong] = ULong(0x14)
    handle: _UInt
    delivery_id: _UInt | None = None
    delivery_tag: bytes | None = None
    message_format: _UInt | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: _UByte | None = None
    state: Any = None
    resume: bool = False
    aborted: bool = False
    batchable: bool = False


@dataclass(slots=True, kw_only=True)
class Disposition:
    """Tells the state of deliveries."""

    CODE: ClassVar[ULong] = ULong(0x15)
    role: bool
    first: _UInt
    last: _UInt | None = None
    settled: bool = False
    state: Any = None
    batchable: bool = False


@dataclass(slots=True, kw_only=True)
class Detach:
    """Ends a link."""

    CODE: ClassVar[ULong] = ULong(0x16)
    handle: _UInt
    closed: bool = False
    error: Any = None


@dataclass(slots=True, kw_only=True)
class End:
    """Ends a session."""

    CODE: ClassVar[ULong] = ULong(0x17)
    error: Any = None


@dataclass(slots=True, kw_only=True)
class Close:
    """Ends a connection."""

    CODE: ClassVar[ULong] = ULong(0x18)
    error: Any = None


@dataclass(slots=True, kw_only=True)
class SaslMechanisms:
    """The ways to say who one is."""

    CODE: ClassVar[ULong] = ULong(0x40)
    mechanisms: Any


@dataclass(slots=True, kw_only=True)
class SaslInit:
    """The chosen way."""

    CODE: ClassVar[ULong] = ULong(0x41)
    mechanism: _Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


@dataclass(slots=True, kw_only=True)
class SaslOutcome:
    """0: welcome; 1: not."""

    CODE: ClassVar[ULong] = ULong(0x44)
    code: _UByte
    additional_data: bytes | None = None


Performative = (
    Open
    | Begin
    | Attach
    | Flow
    | Transfer
    | Disposition
    | Detach
    | End
    | Close
    | SaslMechanisms
    | SaslInit
    | SaslOutcome
)


class _Field(NamedTuple):
    """One place of a performative's list. `wire` makes the value that is encoded; `python` is what is expected."""

    name: str
    wire: type | None
    python: type
    required: bool
    default: Any


def _layout(kind: type) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    layout = []
    for item in fields(kind):
        hint = next((part for part in get_args(hints[item.name]) if part is not NoneType), hints[item.name])
        if get_origin(hints[item.name]) is Annotated:
            hint = hints[item.name]
        if get_origin(hint) is Annotated:
            python, wire = get_args(hint)
        else:
            python, wire = object if hint is Any else get_origin(hint) or hint, None
        layout.append(_Field(item.name, wire, python, item.default is MISSING, item.default))
    return tuple(layout)


_TYPES: Mapping[int, type[Performative]] = MappingProxyType({kind.CODE: kind for kind in get_args(Performative)})
_LAYOUTS: Mapping[type, tuple[_Field, ...]] = MappingProxyType({kind: _layout(kind) for kind in _TYPES.values()})


def encode_performative(performative: Performative) -> bytes:
    """The command with all its fields, absent ones as null."""
    values = []
    for item in _LAYOUTS[type(performative)]:
        value = getattr(performative, item.name)
        values.append(value if value is None or item.wire is None else item.wire(value))
    return encode(Described(performative.CODE, values))


def decode_performative(body: bytes) -> tuple[Performative, int]:
    """The command at the beginning of a frame's body, and where its payload begins; DecodeError names what is wrong."""
    described, end = decode(body)
    if not isinstance(described, Described) or not isinstance(described.value, list):
        raise DecodeError("a frame's body must begin with a performative")
    kind = _TYPES.get(described.descriptor) if isinstance(described.descriptor, int) else None
    if kind is None:
        raise DecodeError(f"descriptor {described.descriptor!r} is no performative that this side serves")
    layout = _LAYOUTS[kind]
    if len(described.value) > len(layout):
        raise DecodeError(f"{kind.__name__} has {len(described.value)} fields, at most {len(layout)} exist")
    values: dict[str, Any] = {}
    for item, value in zip(layout, described.value, strict=False):
        if value is not None:
            if not isinstance(value, item.python):
                raise DecodeError(f"{kind.__name__}.{item.name} is {value!r}, not a {item.python.__name__}")
            values[item.name] = value
    if missing := [item.name for item in layout if item.required and item.name not in values]:
        raise DecodeError(f"{kind.__name__} lacks {', '.join(missing)}")
    return kind(**values), end
