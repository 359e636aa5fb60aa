"""What the durable engine gets from the index."""

from __future__ import annotations

import json

import pytest
from azure.functions.meta import Datum

from local_host.durable.settings import DurableSettings
from local_host.functions.durable_binding import DurableClientPayload, check_task_hubs, durable_functions
from local_host.functions.errors import ActivityFailedError, AppLoadError
from local_host.functions.invoker import Invoker

from .conftest import IndexApp

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


def test_every_durable_function_has_its_name(index_app: IndexApp, invoker: Invoker) -> None:
    """Functions are found under the trigger's name, or their own; other triggers are left out."""
    index = index_app(
        """
        @app.orchestration_trigger(context_name="context")
        def one(context): yield

        @app.orchestration_trigger(context_name="context", orchestration="second")
        def two(context): yield

        @app.activity_trigger(input_name="x", activity="act")
        def three(x): ...

        @app.route(route="four")
        def four(req: func.HttpRequest) -> str: ...
        """
    )
    functions = durable_functions(list(index.values()), invoker)
    assert (list(functions.orchestrators), list(functions.activities)) == (["one", "second"], ["act"])
    assert functions.orchestrators["one"] is index["one"].call


@pytest.mark.parametrize(
    ("payload", "expected"),
    [('{"a": [1, 2]}', {"a": [1, 2]}), ('"text"', "text"), ("null", None), (None, None), ("7", 7)],
)
async def test_an_activity_takes_and_gives_json(
    index_app: IndexApp, invoker: Invoker, payload: str | None, expected: object
) -> None:
    """The JSON of the input reaches the function as a value, and its value goes back as JSON."""
    index = index_app("@app.activity_trigger(input_name='x')\ndef f(x): return {'got': x}")
    result = await durable_functions(list(index.values()), invoker).activities["f"](payload)
    assert result is not None
    assert json.loads(result) == {"got": expected}


async def test_an_activitys_failure_has_type_and_message(index_app: IndexApp, invoker: Invoker) -> None:
    """The engine gets "<type>: <message>"."""
    index = index_app("@app.activity_trigger(input_name='x')\nasync def f(x): raise KeyError('nothing')")
    with pytest.raises(ActivityFailedError) as caught:
        await durable_functions(list(index.values()), invoker).activities["f"]("null")
    assert str(caught.value) == "KeyError: 'nothing'"


def test_two_functions_of_one_name_are_refused(index_app: IndexApp, invoker: Invoker) -> None:
    """A durable name can be given once per kind, whatever its case: Azure finds it without regard to that."""
    index = index_app(
        """
        @app.activity_trigger(input_name="x")
        def same(x): ...

        @app.activity_trigger(input_name="x", activity="Same")
        def other(x): ...
        """
    )
    with pytest.raises(AppLoadError, match="function 'other': another function has the activityTrigger name 'Same'"):
        durable_functions(list(index.values()), invoker)


def test_the_client_binding_names_the_hub_and_the_host(index_app: IndexApp) -> None:
    """The payload is the JSON that the durable SDK reads its addresses from."""
    index = index_app(
        "@app.route(route='f')\n@app.durable_client_input(client_name='client')\n"
        "async def f(req: func.HttpRequest, client) -> str: ..."
    )
    payload = DurableClientPayload("http://127.0.0.1:7071", DurableSettings(hub_name="Hub"))
    datum: Datum = payload(index["f"], "client")
    document = json.loads(datum.value)
    assert (datum.type, document["taskHubName"]) == ("string", "Hub")
    assert document["rpcBaseUrl"] == "http://127.0.0.1:7071/durabletask/"


def test_a_client_of_another_hub_is_refused(index_app: IndexApp) -> None:
    """This host runs one task hub; a client that names it is fine."""
    text = (
        "@app.route(route='f')\n@app.durable_client_input(client_name='client', task_hub='Hub')\n"
        "async def f(req: func.HttpRequest, client) -> str: ..."
    )
    index = list(index_app(text).values())
    check_task_hubs(index, DurableSettings(hub_name="Hub"))
    with pytest.raises(AppLoadError, match="asks for task hub 'Hub', but this host runs 'Another'"):
        check_task_hubs(index, DurableSettings(hub_name="Another"))
