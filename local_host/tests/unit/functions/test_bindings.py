"""Converters: azure-functions' own, and the plain one for text and bytes."""

import pytest
from azure.functions import HttpRequest, HttpResponse
from azure.functions.meta import Datum

from local_host.functions.bindings import decode, encode, has_implicit_output


def test_decodes_with_the_converter_of_azure_functions() -> None:
    """An HTTP payload becomes an HttpRequest."""
    text = {name: Datum("x", "string") for name in ("method", "url")}
    payload = Datum({**text, "headers": {}, "query": {}, "params": {}, "body": Datum(b"{}", "bytes")}, "http")
    request = decode("httpTrigger", payload)
    assert isinstance(request, HttpRequest)
    assert request.get_json() == {}


@pytest.mark.parametrize(("kind", "value"), [("string", "a"), ("json", "{}"), ("bytes", b"a")])
def test_generic_hands_the_payload_over_undecoded(kind: str, value: str | bytes) -> None:
    """A generic binding gives text and bytes as they came."""
    assert decode("generic", Datum(value, kind)) == value


def test_refuses_a_payload_of_another_kind() -> None:
    """A payload that the converter does not take is an error naming the binding type."""
    with pytest.raises(TypeError, match="'timerTrigger' cannot decode a payload of type 'http'"):
        decode("timerTrigger", Datum({}, "http"))
    with pytest.raises(TypeError, match="'http' cannot be handed over as text or bytes"):
        decode("generic", Datum({}, "http"))


def test_refuses_a_value_that_the_binding_cannot_carry() -> None:
    """A return value of a wrong type is an error naming both types."""
    with pytest.raises(TypeError, match="binding type 'http' cannot carry a dict"):
        encode("http", {}, None)
    with pytest.raises(TypeError, match="binding type 'generic' cannot carry a int"):
        encode("generic", 1, None)


@pytest.mark.parametrize(("value", "expected"), [("a", Datum("a", "string")), (bytearray(b"a"), Datum(b"a", "bytes"))])
def test_generic_carries_text_and_bytes(value: object, expected: Datum) -> None:
    """Text and bytes are encoded as they are; None is no payload."""
    assert encode("generic", value, None) == expected
    assert encode("generic", None, None) is None


def test_encodes_with_the_converter_of_azure_functions() -> None:
    """An HttpResponse becomes an HTTP payload."""
    payload = encode("http", HttpResponse("x", status_code=201), HttpResponse)
    assert payload is not None
    assert (payload.type, payload.value["status_code"].value) == ("http", "201")


def test_durable_triggers_own_the_return_value() -> None:
    """Only the durable triggers have an implicit output."""
    kinds = ("activityTrigger", "orchestrationTrigger", "entityTrigger", "httpTrigger", "durableClient", "nothing")
    assert [has_implicit_output(kind) for kind in kinds] == [True, True, True, False, False, False]
