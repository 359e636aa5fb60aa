"""Builds the index: each function's name, trigger, bindings and Python callable, checked as the worker checks them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.functions import Function

from local_host.functions.annotations import OUT, Bound, Declared, Signature, check_signature
from local_host.functions.errors import AppLoadError, FunctionLoadError

# The real host's rules for names (azure-functions-host, Utility.cs): it leaves out a function that breaks them.
_FUNCTION_NAME = re.compile(r"(?!host$)[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)
_BINDING_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,127}|\$return")
INPUT_BINDINGS = ("durableClient",)
OUTPUT_BINDINGS = ("http",)


@dataclass(frozen=True)
class TriggerBinding:
    """A function's trigger; `settings` are its properties as function.json would hold them (camelCase)."""

    name: str
    type: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class IndexedFunction:
    """One function, ready to be invoked."""

    name: str
    call: Callable[..., Any]
    is_async: bool
    directory: Path
    trigger: TriggerBinding
    signature: Signature
    bindings: tuple[Mapping[str, Any], ...]

    @property
    def other_inputs(self) -> Mapping[str, Bound]:
        """The inputs that do not come from the trigger, by parameter name."""
        return {name: bound for name, bound in self.signature.inputs.items() if name != self.trigger.name}

    def binding(self, name: str) -> Mapping[str, Any]:
        """The declared properties of one binding, as function.json would hold them."""
        return next(binding for binding in self.bindings if binding["name"] == name)


def index_functions(functions: Sequence[Function], supported_triggers: Collection[str]) -> tuple[IndexedFunction, ...]:
    """Every function of the app; AppLoadError lists each one that is refused, with the reason."""
    indexed: list[IndexedFunction] = []
    refused: list[FunctionLoadError] = []
    for function in functions:
        try:
            indexed.append(_index(function, supported_triggers))
        except FunctionLoadError as error:
            refused.append(error)
    if refused:
        raise AppLoadError.of(refused)
    return tuple(indexed)


def _index(function: Function, supported_triggers: Collection[str]) -> IndexedFunction:
    name = function.get_function_name() or ""
    if _FUNCTION_NAME.fullmatch(name) is None:
        rule = "its name must be a letter and at most 127 letters, digits, _ or -, and not 'host'"
        raise FunctionLoadError(name, rule)
    trigger = function.get_trigger()
    if trigger is None:
        raise FunctionLoadError(name, "it has no trigger; a function must have exactly one")
    trigger_type = trigger.type or ""
    if trigger_type not in supported_triggers:
        known = ", ".join(sorted(supported_triggers))
        rule = f"trigger type {trigger_type!r} is not supported by the local host; supported are {known}"
        raise FunctionLoadError(name, rule, parameter=trigger.name)
    if function.get_setting("retry_policy") is not None:
        raise FunctionLoadError(name, "function-level retry policies are not supported by the local host")
    declared = [Declared(item.name, item.type or "", item.direction) for item in function.get_bindings()]
    for item in declared:
        _check_supported(name, item, trigger.name)
    call = function.get_user_function()
    bindings = tuple(json.loads(raw) for raw in function.get_raw_bindings())
    settings = next(binding for binding in bindings if binding["name"] == trigger.name)
    return IndexedFunction(
        name=name,
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        directory=Path(inspect.getfile(inspect.unwrap(call))).parent,
        trigger=TriggerBinding(trigger.name, trigger_type, settings),
        signature=check_signature(name, call, declared),
        bindings=bindings,
    )


def _check_supported(function: str, item: Declared, trigger_name: str) -> None:
    """Refuses a binding that the real host refuses, and one that this host would otherwise leave unfilled or drop."""
    if _BINDING_NAME.fullmatch(item.name) is None:
        rule = "a binding's name must be a letter and at most 127 letters or digits, without an underscore"
        raise FunctionLoadError(function, rule, parameter=item.name)
    if item.name == trigger_name:
        return
    kind, supported = ("output", OUTPUT_BINDINGS) if item.direction == OUT else ("input", INPUT_BINDINGS)
    if item.type not in supported:
        rule = (
            f"{kind} binding type {item.type!r} is not supported by the local host; supported: {', '.join(supported)}"
        )
        raise FunctionLoadError(function, rule, parameter=item.name)
