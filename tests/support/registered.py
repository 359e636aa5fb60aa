"""The functions that a part of the app registers, as the worker gets them from azure-functions."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.functions.registrar import Functions, Wrap
from nightshift.triggers.api.check import register_endpoints
from nightshift.triggers.api.endpoint import Endpoint

Registered = dict[str, Callable[..., Awaitable[Any]]]
Register = Callable[[Functions, Callable[[], Services]], None]

# What the host gives for a durable client; nobody listens there.
CLIENT = {
    "taskHubName": "x",
    "creationUrls": {},
    "managementUrls": {"id": "INSTANCEID"},
    "baseUrl": "http://127.0.0.1:9",
    "rpcBaseUrl": "http://127.0.0.1:9/",
    "requiredQueryStringParameters": "",
}


def registered(
    register: Register, provide: Callable[[], object], wrap: Wrap = lambda _, trigger: trigger
) -> Registered:
    """The functions by name; as in the app, each call asks for the services."""
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    register(Functions(app, wrap), lambda: cast("Services", provide()))
    return {str(function.get_function_name()): function.get_user_function() for function in app.get_functions()}


def registered_endpoints(endpoints: Sequence[Endpoint], services: object) -> Registered:
    """The functions of endpoints by name, over these services."""
    return registered(lambda functions, provide: register_endpoints(functions, provide, endpoints), lambda: services)
