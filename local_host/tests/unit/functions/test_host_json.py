"""host.json: what is read and what is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_host.functions.errors import HostJsonError
from local_host.functions.host_json import read_host_json


def write(root: Path, document: Any) -> Path:
    (root / "host.json").write_text(json.dumps(document), encoding="utf-8")
    return root


def test_defaults_are_those_of_the_real_host(tmp_path: Path) -> None:
    """A file with only the version gives prefix api, level Information and no time limit."""
    host_json = read_host_json(write(tmp_path, {"version": "2.0"}))
    assert (host_json.route_prefix, host_json.function_timeout, host_json.log_levels) == ("api", None, {"default": 20})


def test_reads_every_part(tmp_path: Path) -> None:
    """Prefix, time limit, log levels and the document itself are taken over."""
    document = {
        "version": "2.0",
        "functionTimeout": "00:10:00",
        "logging": {"logLevel": {"Default": "Warning", "Function.job": "Trace"}},
        "extensions": {"http": {"routePrefix": "/v1/"}, "durableTask": {"hubName": "Hub"}},
    }
    host_json = read_host_json(write(tmp_path, document))
    assert host_json.route_prefix == "v1"
    assert host_json.function_timeout == timedelta(minutes=10)
    assert host_json.log_levels == {"default": 30, "Function.job": 5}
    assert host_json.document == document


def test_takes_a_byte_order_mark(tmp_path: Path) -> None:
    """A file saved with a byte order mark is read."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}', encoding="utf-8-sig")
    assert read_host_json(tmp_path).route_prefix == "api"


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"version": "1.0"}, "version", "1.0"),
        ({"version": None}, "version", None),
        ({"functionTimeout": 300}, "functionTimeout", 300),
        ({"functionTimeout": "5 minutes"}, "functionTimeout", "5 minutes"),
        ({"functionTimeout": "00:00:00"}, "functionTimeout", "00:00:00"),
        ({"logging": []}, "logging", []),
        ({"logging": {"logLevel": {"default": "Loud"}}}, "logging.logLevel.default", "Loud"),
        ({"extensions": {"http": "api"}}, "extensions.http", "api"),
        ({"extensions": {"http": {"routePrefix": 7}}}, "extensions.http.routePrefix", 7),
        ({"extensions": {"http": {"routePrefix": "a/{b}"}}}, "extensions.http.routePrefix", "a/{b}"),
    ],
)
def test_refuses_a_bad_value(tmp_path: Path, change: dict[str, Any], key: str, value: object) -> None:
    """Each bad value is an error with its key and value."""
    with pytest.raises(HostJsonError) as caught:
        read_host_json(write(tmp_path, {"version": "2.0", **change}))
    assert (caught.value.key, caught.value.value) == (key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("maxConcurrentRequests", 100),
        ("maxOutstandingRequests", 200),
        ("dynamicThrottlesEnabled", True),
        ("customHeaders", {"X-Frame-Options": "DENY"}),
        ("hsts", {"isEnabled": True}),
        ("routeprefix", "v1"),
    ],
)
def test_refuses_what_it_does_not_do_with_http(tmp_path: Path, key: str, value: object) -> None:
    """Azure would answer 429, or add headers; a key that is misspelt it would ignore."""
    with pytest.raises(HostJsonError, match="only routePrefix may be set") as caught:
        read_host_json(write(tmp_path, {"version": "2.0", "extensions": {"http": {key: value}}}))
    assert caught.value.key == f"extensions.http.{key}"


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_refuses_what_is_no_json_object(tmp_path: Path, text: str) -> None:
    """Text that is not a JSON object is an error naming the file."""
    (tmp_path / "host.json").write_text(text, encoding="utf-8")
    with pytest.raises(HostJsonError, match=r"host\.json"):
        read_host_json(tmp_path)


def test_refuses_a_folder_without_the_file(tmp_path: Path) -> None:
    """A missing host.json is said to be missing."""
    with pytest.raises(HostJsonError, match=r"must hold a host\.json"):
        read_host_json(tmp_path)


def test_minus_one_means_no_limit(tmp_path: Path) -> None:
    """functionTimeout "-1" is without limit."""
    assert read_host_json(write(tmp_path, {"version": "2.0", "functionTimeout": "-1"})).function_timeout is None
