"""The Python worker's rules on a function's parameters, annotations and bindings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from azure.functions._thirdparty import typing_inspect

from local_host.functions.bindings import GENERIC, converter_for, has_implicit_output
from local_host.functions.errors import FunctionLoadError

IN, OUT, INOUT = 0, 1, 2
"""Binding directions, as azure-functions numbers them."""


@dataclass(frozen=True)
class Declared:
    """A binding as the decorators declare it."""

    name: str
    type: str
    direction: int


@dataclass(frozen=True)
class Bound:
    """A parameter (or the return value) with the converter's binding type and the annotated Python type."""

    name: str
    binding_type: str
    python_type: type | None


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives, checked."""

    inputs: Mapping[str, Bound]
    outputs: Mapping[str, Bound]
    returns: Bound | None
    requires_context: bool


def check_signature(name: str, call: Callable[..., Any], declared: list[Declared]) -> Signature:
    """The function's inputs, outputs and return; FunctionLoadError where the Python worker would refuse it."""
    parameters = set(inspect.signature(call).parameters)
    try:
        hints = get_type_hints(call)
    except (NameError, TypeError, AttributeError) as error:
        raise FunctionLoadError(name, f"its annotations cannot be evaluated ({error})") from error
    by_name = _by_name(name, declared)
    explicit_return = by_name.pop("$return", None)
    requires_context = "context" in parameters and "context" not in by_name
    if requires_context:
        parameters.remove("context")
        _check_context(name, hints)
    if unbound := sorted(parameters - set(by_name)):
        rule = "it is a parameter in Python but no binding declares it"
        raise FunctionLoadError(name, rule, parameter=", ".join(unbound))
    if missing := sorted(set(by_name) - parameters):
        rule = "a binding declares it but the function has no such parameter"
        raise FunctionLoadError(name, rule, parameter=", ".join(missing))
    bound = {key: _bind(name, binding, hints) for key, binding in by_name.items()}
    return Signature(
        inputs={key: bound[key] for key, binding in by_name.items() if binding.direction == IN},
        outputs={key: bound[key] for key, binding in by_name.items() if binding.direction == OUT},
        returns=_bind_return(name, explicit_return, declared, hints),
        requires_context=requires_context,
    )


def _by_name(function: str, declared: list[Declared]) -> dict[str, Declared]:
    by_name: dict[str, Declared] = {}
    for binding in declared:
        if binding.direction == INOUT:
            raise FunctionLoadError(function, '"inout" bindings are not supported', parameter=binding.name)
        if binding.name == "$return" and binding.direction != OUT:
            raise FunctionLoadError(function, 'a "$return" binding must have direction "out"', parameter=binding.name)
        if binding.name in by_name:
            raise FunctionLoadError(function, "two bindings have this name", parameter=binding.name)
        by_name[binding.name] = binding
    return by_name


def _check_context(function: str, hints: Mapping[str, Any]) -> None:
    hint = hints.get("context")
    if "context" in hints and not (isinstance(hint, type) and hint.__name__ == "Context"):
        rule = f"no binding has this name, so it must be an azure.functions.Context, not {hint!r}"
        raise FunctionLoadError(function, rule, parameter="context")


def _bind(function: str, binding: Declared, hints: Mapping[str, Any]) -> Bound:
    if binding.name not in hints:
        return Bound(binding.name, binding.type, None)
    hint = hints[binding.name]
    is_out = _is_out(hint)
    python_type = _inside_out(function, binding.name, hint) if is_out else hint
    if not isinstance(python_type, type) and not typing_inspect.is_generic_type(python_type):  # type: ignore[no-untyped-call]
        rule = f"its annotation {hint!r} is not a plain type (use for example dict, list, str or int)"
        raise FunctionLoadError(function, rule, parameter=binding.name)
    if binding.direction == OUT and not is_out:
        raise FunctionLoadError(
            function, "it is an output binding, so it must be an azure.functions.Out[...]", parameter=binding.name
        )
    if binding.direction == IN and is_out:
        raise FunctionLoadError(
            function, "it is an input binding, so it cannot be an azure.functions.Out", parameter=binding.name
        )
    as_text = python_type in (str, bytes) and not has_implicit_output(binding.type)
    binding_type = GENERIC if as_text else binding.type
    if not _fits(binding_type, python_type, output=is_out):
        rule = f"binding type {binding.type!r} does not take the annotation {_type_name(python_type)!r}"
        raise FunctionLoadError(function, rule, parameter=binding.name)
    return Bound(binding.name, binding_type, python_type)


def _bind_return(
    function: str, explicit: Declared | None, declared: list[Declared], hints: Mapping[str, Any]
) -> Bound | None:
    hint = hints.get("return")
    if explicit is None:
        implicit = [binding.type for binding in declared if has_implicit_output(binding.type)]
        return Bound("$return", implicit[-1], hint) if implicit else None
    if "return" not in hints:
        return Bound("$return", explicit.type, None)
    if _is_out(hint):
        raise FunctionLoadError(function, "the return annotation cannot be azure.functions.Out", parameter="$return")
    if not isinstance(hint, type):
        raise FunctionLoadError(function, f"the return annotation {hint!r} is not a plain type", parameter="$return")
    if not _fits(explicit.type, hint, output=True):
        rule = f"binding type {explicit.type!r} does not take the return annotation {_type_name(hint)!r}"
        raise FunctionLoadError(function, rule, parameter="$return")
    return Bound("$return", explicit.type, hint)


def _is_out(hint: Any) -> bool:
    origin = typing_inspect.get_origin(hint) if typing_inspect.is_generic_type(hint) else None  # type: ignore[no-untyped-call]
    candidate = hint if origin is None else origin
    return isinstance(candidate, type) and candidate.__name__ == "Out"


def _inside_out(function: str, parameter: str, hint: Any) -> Any:
    arguments = typing_inspect.get_args(hint)  # type: ignore[no-untyped-call]
    if len(arguments) != 1:
        raise FunctionLoadError(function, f"{hint!r} must name one type: Out[str], for example", parameter=parameter)
    return arguments[0]


def _fits(binding_type: str, python_type: Any, *, output: bool) -> bool:
    converter = converter_for(binding_type)
    check = getattr(converter, "check_output_type_annotation" if output else "check_input_type_annotation", None)
    if check is None:
        return False
    try:
        return bool(check(python_type))
    except TypeError:
        # Converters ask issubclass(), which a parameterised generic does not answer: the worker fails to load too.
        return False


def _type_name(python_type: Any) -> str:
    return getattr(python_type, "__name__", None) or repr(python_type)
