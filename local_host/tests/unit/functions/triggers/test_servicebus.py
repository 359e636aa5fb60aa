"""Service Bus triggers: what is refused at load, and running by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from local_host.functions.errors import FunctionLoadError
from local_host.functions.triggers.servicebus import ServiceBusSource

from .conftest import MakeSetting

APP = """
seen = []

@app.service_bus_queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="BUS")
def as_message(message: func.ServiceBusMessage) -> None:
    seen.append((message.get_body(), message.user_properties))

@app.service_bus_queue_trigger(arg_name="text", queue_name="q/$DeadLetterQueue", connection="BUS")
def as_text(text: str) -> None:
    seen.append(text)

@app.service_bus_queue_trigger(arg_name="data", queue_name="q", connection="BUS")
def as_bytes(data: bytes) -> None:
    seen.append(data)
"""
CONNECTION = "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;"
ENVIRONMENT = {"BUS": CONNECTION, "QUEUE": "q"}


@pytest.fixture(autouse=True)
def _sdk_log_level() -> Iterator[None]:
    """The source quietens the SDK's log."""
    logger = logging.getLogger("azure.servicebus")
    level = logger.level
    yield
    logger.setLevel(level)


async def test_by_hand_the_text_is_the_body(make_setting: MakeSetting) -> None:
    """In the form that the function takes."""
    setting = make_setting(APP, environment=ENVIRONMENT)
    source = ServiceBusSource(setting)
    for name in ("as_message", "as_text", "as_bytes"):
        await source.run_now(name, "hällo")
    seen: list[Any] = setting.functions[0].call.__globals__["seen"]
    assert seen == [("hällo".encode(), {}), "hällo", "hällo".encode()]
    assert source.routes() == ()


def one(options: str) -> str:
    """An app with one function and these options of the trigger."""
    return f"@app.service_bus_queue_trigger(arg_name='m', {options})\ndef f(m: func.ServiceBusMessage) -> None: ..."


@pytest.mark.parametrize(
    ("text", "environment", "rule"),
    [
        (one("queue_name='q', connection='BUS'"), {}, "app setting 'BUS', "),
        (
            one("queue_name='q', connection='BUS'"),
            {"BUS": "secret"},
            "app setting 'BUS' is no ",
        ),
        (
            one("queue_name='q', connection='BUS'"),
            {"BUS__fullyQualifiedNamespace": "ns.servicebus.windows.net"},
            "app setting 'BUS__fullyQualifiedNamespace' ",
        ),
        (one("queue_name='%Q%', connection='BUS'"), ENVIRONMENT, "app setting 'Q', named in '%Q%', "),
        (one("queue_name='', connection='BUS'"), ENVIRONMENT, "it must name a queue"),
        (one("queue_name='q', connection='BUS', cardinality='many'"), ENVIRONMENT, "cardinality 'many'"),
        (one("queue_name='q', connection='BUS', is_sessions_enabled=True"), ENVIRONMENT, "no message sessions"),
        (
            "@app.service_bus_topic_trigger(arg_name='m', topic_name='t', subscription_name='s', connection='BUS')\n"
            "def f(m: func.ServiceBusMessage) -> None: ...",
            ENVIRONMENT,
            "topics and subscriptions ",
        ),
    ],
)
def test_refuses_what_it_cannot_serve(
    make_setting: MakeSetting, text: str, environment: dict[str, str], rule: str
) -> None:
    """With function, parameter and rule, and never with the connection string."""
    with pytest.raises(FunctionLoadError) as caught:
        ServiceBusSource(make_setting(text, environment=environment))
    assert (caught.value.function, caught.value.parameter) == ("f", "m")
    assert rule in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("name", "connection"), [("AzureWebJobsBUS", "BUS"), ("AzureWebJobsServiceBus", "")])
def test_settings_of_the_hosts_own_names(make_setting: MakeSetting, name: str, connection: str) -> None:
    """The host also looks under its prefix, and has a name for a trigger that names none."""
    text = one(f"queue_name='q', connection='{connection}'")
    ServiceBusSource(make_setting(text, environment={name: CONNECTION}))


async def test_stops_while_there_is_no_broker(make_setting: MakeSetting) -> None:
    """Nothing listens: the pump keeps trying, and ends when told."""
    source = ServiceBusSource(make_setting(one("queue_name='q', connection='BUS'"), environment=ENVIRONMENT))
    await source.start()
    await source.stop()
