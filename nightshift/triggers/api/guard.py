"""Checks that every operation needs, at one place: who may call, and what the query may say."""

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.origin import refuse_other_sites
from nightshift.triggers.api.operation import Operation
from nightshift.triggers.api.operations import OPERATIONS
from nightshift.triggers.api.parameters import PATH
from nightshift.triggers.principal import require_role
from nightshift.triggers.problem import explained, problem

logger = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
_PREFIX = "api/"
_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def guarded(blueprint: df.Blueprint) -> df.Blueprint:
    """Wrap the operations of a blueprint, in place; a route under ``/api`` that is none of them is closed.

    The official durable client wraps functions at the same place (``durable_client_input``).
    """
    for builder in blueprint._function_builders:
        function = builder._function
        trigger = function.get_trigger()
        if trigger.type != "httpTrigger":
            continue
        operation = _BY_NAME.get(function.get_function_name())
        if operation is not None:
            function._func = _checked(operation, function._func)
        elif str(trigger.route).startswith(_PREFIX) and "{*" not in str(trigger.route):
            function._func = _closed(function.get_function_name(), function._func)
    return blueprint


def _checked(operation: Operation, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(call)
    @explained
    async def check(*args: Any, **kwargs: Any) -> Any:
        request = next(value for value in kwargs.values() if isinstance(value, func.HttpRequest))
        if operation.roles:
            require_role(request, *operation.roles)
        if operation.method != "GET":
            refuse_other_sites(request.headers, request.url)
        _check_values(operation, request)
        size = len(request.get_body())
        if size > LARGEST_BODY:
            return problem(413, "too_large", f"body = {size} bytes: at most {LARGEST_BODY}")
        return await call(*args, **kwargs)

    return check


def _check_values(operation: Operation, request: func.HttpRequest) -> None:
    known = {parameter.name: parameter for parameter in operation.query}
    for name, value in request.params.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise BadInputError(field=name, value=value[:80], rule=f"is no parameter here; there are: {names}")
        known[name].check(value)
    for name, value in request.route_params.items():
        PATH[name].check(value)


def _closed(name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(call)
    async def refuse(*_: Any, **__: Any) -> Any:
        logger.error("route_closed function=%s reason=it is in no Operation of triggers/api/operations.py", name)
        return problem(403, "not_allowed", f"{name} is closed: it says nowhere who may call it")

    return refuse
