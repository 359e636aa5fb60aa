"""Messages: the sections that a broker reads and writes, and the rest as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_host.servicebus.amqp.decoding import decode
from local_host.servicebus.amqp.encoding import encode
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.values import Described, Symbol, UByte, UInt, ULong

BATCH_FORMAT = 0x80013700
"""The message format of a transfer whose data sections are messages of their own."""

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS = 0x70, 0x71, 0x72
_PROPERTIES, _APPLICATION_PROPERTIES, _DATA, _FOOTER = 0x73, 0x74, 0x75, 0x78


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as sent. `ttl` is in ms; `content` has the sections from the properties on, unchanged."""

    durable: bool
    priority: int | None
    ttl: int | None
    annotations: Mapping[str, Any]
    content: bytes
    message_id: str | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class _Section:
    code: int
    value: Any
    start: int
    end: int


def parse_message(encoded: bytes) -> SentMessage:
    """Reads a message; DecodeError if it breaks a rule."""
    header: list[Any] = []
    annotations: dict[str, Any] = {}
    properties: list[Any] = []
    start = len(encoded)
    for section in _sections(encoded):
        if section.code == _HEADER:
            header = _fields(section)
        elif section.code == _ANNOTATIONS:
            annotations = {str(key): value for key, value in _pairs(section).items()}
        elif section.code >= _PROPERTIES:
            start = min(start, section.start)
            if section.code == _PROPERTIES:
                properties = _fields(section)
    if start == len(encoded):
        raise DecodeError("a message needs a body")
    durable, priority, ttl = (*header[:3], None, None, None)[:3]
    message_id = properties[0] if properties else None
    session_id = properties[10] if len(properties) > 10 else None
    return SentMessage(
        durable=bool(durable),
        priority=_whole("header.priority", priority),
        ttl=_whole("header.ttl", ttl),
        annotations=annotations,
        content=encoded[start:],
        message_id=None if message_id is None else _text(message_id),
        session_id=session_id if isinstance(session_id, str) else None,
    )


def split_batch(encoded: bytes) -> list[bytes]:
    """The messages of a batch; DecodeError if it has none."""
    messages = [section.value for section in _sections(encoded) if section.code == _DATA]
    if not messages or not all(isinstance(message, bytes) for message in messages):
        raise DecodeError("a batch must hold its messages in data sections")
    return messages


def parse_application_properties(content: bytes) -> dict[str, Any]:
    """The application properties; empty if there are none."""
    for section in _sections(content):
        if section.code == _APPLICATION_PROPERTIES:
            return {str(key): value for key, value in _pairs(section).items()}
    return {}


def header_size(content: bytes) -> int:
    """Bytes of the properties, the system's and the sender's, before the body."""
    header = (_PROPERTIES, _APPLICATION_PROPERTIES)
    return sum(section.end - section.start for section in _sections(content) if section.code in header)


def parse_body(content: bytes) -> Any:
    """The value of a message that carries one (a request's); None if its body is of another kind."""
    return next((section.value for section in _sections(content) if section.code == 0x77), None)


def with_application_properties(content: bytes, changes: Mapping[str, Any]) -> bytes:
    """The same content with these application properties set."""
    if not changes:
        return content
    before, after, properties = 0, 0, {}
    for section in _sections(content):
        if section.code == _PROPERTIES:
            before = after = section.end
        elif section.code == _APPLICATION_PROPERTIES:
            before, after, properties = section.start, section.end, _pairs(section)
    merged = encode(Described(ULong(_APPLICATION_PROPERTIES), {**properties, **changes}))
    return content[:before] + merged + content[after:]


def encode_header(*, durable: bool, priority: int | None, ttl: int | None, delivery_count: int) -> bytes:
    """The header section of a delivery."""
    fields = [
        durable,
        None if priority is None else UByte(priority),
        None if ttl is None else UInt(ttl),
        None,
        UInt(delivery_count),
    ]
    return encode(Described(ULong(_HEADER), fields))


def encode_annotations(annotations: Mapping[str, Any]) -> bytes:
    """The section of message annotations."""
    return encode(Described(ULong(_ANNOTATIONS), {Symbol(key): value for key, value in annotations.items()}))


def encode_delivery_annotations(annotations: Mapping[str, Any]) -> bytes:
    """The section of annotations for this delivery alone."""
    return encode(Described(ULong(_DELIVERY_ANNOTATIONS), {Symbol(key): value for key, value in annotations.items()}))


def encode_response(correlation_id: Any, application_properties: Mapping[str, Any], body: Any) -> bytes:
    """A whole message that answers a request."""
    properties = [None, None, None, None, None, correlation_id]
    sections = ((_PROPERTIES, properties), (_APPLICATION_PROPERTIES, dict(application_properties)), (0x77, body))
    return b"".join(encode(Described(ULong(code), value)) for code, value in sections)


def parse_request(encoded: bytes) -> tuple[Any, dict[str, Any], Any]:
    """Message id, application properties and body of a request."""
    content = parse_message(encoded).content
    properties = next((_fields(section) for section in _sections(content) if section.code == _PROPERTIES), [])
    return (properties[0] if properties else None), parse_application_properties(content), parse_body(content)


def _sections(encoded: bytes) -> Iterator[_Section]:
    position = 0
    while position < len(encoded):
        described, end = decode(encoded, position)
        code = described.descriptor if isinstance(described, Described) else None
        if not isinstance(code, int) or not _HEADER <= code <= _FOOTER:
            raise DecodeError(f"byte {position}: a section of a message is expected, found {code!r}")
        yield _Section(code, described.value, position, end)
        position = end


def _fields(section: _Section) -> list[Any]:
    if not isinstance(section.value, list):
        raise DecodeError(f"section 0x{section.code:02x} must be a list")
    return section.value


def _pairs(section: _Section) -> dict[Any, Any]:
    if not isinstance(section.value, dict):
        raise DecodeError(f"section 0x{section.code:02x} must be a map")
    return section.value


def _whole(name: str, value: Any) -> int | None:
    if value is not None and not isinstance(value, int):
        raise DecodeError(f"{name} is {value!r}, not a whole number")
    return value


def _text(message_id: Any) -> str:
    """A message id as text: it may also be a number, a UUID or bytes."""
    return message_id.hex() if isinstance(message_id, bytes) else str(message_id)
