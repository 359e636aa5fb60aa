"""Settings of the language model that may propose plans; without an address there is none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, get_args
from urllib.parse import urlsplit

from clients.language_model import Deployment, Effort, Family, Verbosity
from domain.errors import BadInputError

# The audience of Azure OpenAI and Foundry.
DEFAULT_SCOPE = "https://cognitiveservices.azure.com/.default"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Beside an activity's ten minutes: two attempts of two questions each must fit.
_LONGEST_WAIT = 120.0
_HOTTEST = 2.0
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class LanguageModelSettings:
    """A language model, and who the app is for it.

    Attributes:
        base_url: up to and with ``/v1``; in Azure ``https://NAME.openai.azure.com/openai/v1/``.
        scope: audience of the managed identity's token.
        key: only on a development machine; elsewhere the managed identity.
    """

    base_url: str
    deployment: Deployment
    scope: str
    key: str | None


def read_language_model(environ: Mapping[str, str]) -> LanguageModelSettings | None:
    """Read the settings; an empty one counts as not set.

    Raises:
        BadInputError: a setting is missing or breaks a rule; names the setting.
    """
    base_url = environ.get("NIGHTSHIFT_LLM_URL", "")
    if not base_url:
        return None
    _check_address(base_url)
    name = environ.get("NIGHTSHIFT_LLM_MODEL", "")
    if not name:
        raise _error("NIGHTSHIFT_LLM_MODEL", name, "must be set: the deployment or model at NIGHTSHIFT_LLM_URL")
    scope = environ.get("NIGHTSHIFT_LLM_SCOPE") or DEFAULT_SCOPE
    if not (scope.startswith(("https://", "api://")) and scope.endswith("/.default")):
        raise _error("NIGHTSHIFT_LLM_SCOPE", scope, "must be an audience with /.default behind it")
    family = environ.get("NIGHTSHIFT_LLM_FAMILY")
    effort = environ.get("NIGHTSHIFT_LLM_REASONING_EFFORT")
    verbosity = environ.get("NIGHTSHIFT_LLM_VERBOSITY")
    deployment = Deployment(
        name=name,
        family=_choice("NIGHTSHIFT_LLM_FAMILY", family, get_args(Family)) if family else None,
        developer_role=_switch("NIGHTSHIFT_LLM_DEVELOPER_ROLE", environ.get("NIGHTSHIFT_LLM_DEVELOPER_ROLE")),
        temperature=_number(environ, "NIGHTSHIFT_LLM_TEMPERATURE", Deployment.temperature, 0.0, _HOTTEST),
        reasoning_effort=(
            _choice("NIGHTSHIFT_LLM_REASONING_EFFORT", effort, get_args(Effort))
            if effort
            else Deployment.reasoning_effort
        ),
        verbosity=(
            _choice("NIGHTSHIFT_LLM_VERBOSITY", verbosity, get_args(Verbosity)) if verbosity else Deployment.verbosity
        ),
        timeout_seconds=_number(
            environ, "NIGHTSHIFT_LLM_TIMEOUT_SECONDS", Deployment.timeout_seconds, 1.0, _LONGEST_WAIT
        ),
    )
    # A name that tells no family is said here, and not in the middle of the night.
    _ = deployment.known_family
    return LanguageModelSettings(
        base_url=base_url, deployment=deployment, scope=scope, key=environ.get("NIGHTSHIFT_LLM_KEY") or None
    )


def _check_address(base_url: str) -> None:
    """A key or token never travels in clear over a network."""
    address = urlsplit(base_url)
    secure = address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK)
    if not secure or not address.hostname:
        raise _error("NIGHTSHIFT_LLM_URL", base_url, "must begin with https:// (http:// only on loopback)")


def _choice(name: str, text: str, allowed: tuple[Choice, ...]) -> Choice:
    found = next((item for item in allowed if item == text), None)
    if found is None:
        raise _error(name, text, f"must be one of {', '.join(allowed)}")
    return found


def _switch(name: str, text: str | None) -> bool:
    if text is None or text.lower() in {"", "false"}:
        return False
    if text.lower() != "true":
        raise _error(name, text, "must be true or false")
    return True


def _number(environ: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise _error(name, text, f"must be a number from {least:g} to {most:g}")
    return value


def _error(name: str, value: str, rule: str) -> BadInputError:
    return BadInputError(field=name, value=value, rule=rule, where="app settings")
