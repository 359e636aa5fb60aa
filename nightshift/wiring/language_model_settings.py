"""Settings of the language model that may propose plans; without an address there is none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, get_args
from urllib.parse import urlsplit

from nightshift.clients.improvement.language_model import Deployment
from nightshift.clients.improvement.language_model_families import Effort, Family, Verbosity
from nightshift.domain.improvement.token_usage import TokenCeilings
from nightshift.domain.platform.errors import BadInputError

# The audience of Azure OpenAI and Foundry.
DEFAULT_SCOPE = "https://cognitiveservices.azure.com/.default"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# An activity has ten minutes, in which two questions of two tries each must fit, with the pauses between tries.
LONGEST_WAIT = 120.0
_HOTTEST = 2.0
_MOST_TOKENS = 1_000_000_000
# Azure serves its v1 API there, on any resource.
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class LanguageModelSettings:
    """A language model, and who the app is for it.

    Attributes:
        base_url: up to and with ``/v1``; in Azure ``https://NAME.openai.azure.com/openai/v1/``.
        scope: audience of the managed identity's token.
        key: only on a development machine; elsewhere the managed identity.
        ceilings: of tokens per day.
    """

    base_url: str
    deployment: Deployment
    scope: str
    key: str | None
    ceilings: TokenCeilings = field(default_factory=TokenCeilings)


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
        temperature=_number(environ, "NIGHTSHIFT_LLM_TEMPERATURE", 0.0, _HOTTEST),
        reasoning_effort=_choice("NIGHTSHIFT_LLM_REASONING_EFFORT", effort, get_args(Effort)) if effort else None,
        verbosity=_choice("NIGHTSHIFT_LLM_VERBOSITY", verbosity, get_args(Verbosity)) if verbosity else None,
        timeout_seconds=_number(environ, "NIGHTSHIFT_LLM_TIMEOUT_SECONDS", 1.0, LONGEST_WAIT)
        or Deployment.timeout_seconds,
    )
    # What the service would refuse is said here, and not in the middle of the night.
    deployment.check()
    return LanguageModelSettings(
        base_url=base_url,
        deployment=deployment,
        scope=scope,
        key=environ.get("NIGHTSHIFT_LLM_KEY") or None,
        ceilings=TokenCeilings(
            day=_tokens(environ, "NIGHTSHIFT_LLM_TOKENS_PER_DAY") or TokenCeilings().day,
            model_and_day=_tokens(environ, "NIGHTSHIFT_LLM_TOKENS_PER_MODEL_AND_DAY") or TokenCeilings().model_and_day,
        ),
    )


def _check_address(base_url: str) -> None:
    """A key or token never travels in clear over a network, and an address that can only fail is found at once."""
    name, shown = "NIGHTSHIFT_LLM_URL", _without_sign_in(base_url)
    if not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise _error(name, shown, "must hold no spaces, control characters or characters outside ASCII")
    try:
        address = urlsplit(base_url)
        _ = address.port
    except ValueError as error:
        raise _error(name, shown, f"must be an address: {error}") from error
    host = address.hostname or ""
    secure = address.scheme == "https" or (address.scheme == "http" and host in _LOOPBACK)
    if not secure or not host:
        raise _error(name, shown, "must begin with https:// (http:// only on loopback)")
    if address.username is not None or address.password is not None:
        raise _error(name, shown, "must hold no user and password: the app signs in by itself")
    if address.query or address.fragment:
        raise _error(name, shown, "must hold no ? and no #: the v1 API takes no api-version")
    path = address.path.rstrip("/")
    if host.endswith(_AZURE_HOSTS) and not path.endswith("/openai/v1"):
        raise _error(name, shown, "must end with /openai/v1/ on an Azure resource")
    if not path.endswith("/v1"):
        raise _error(name, shown, "must end with /v1: /chat/completions is added to it")


def _without_sign_in(base_url: str) -> str:
    """The address without the part before ``@``, which may be a password."""
    scheme, separator, rest = base_url.partition("://")
    return f"{scheme}{separator}...@{rest.rpartition('@')[2]}" if "@" in rest else base_url


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


def _number(environ: Mapping[str, str], name: str, least: float, most: float) -> float | None:
    text = environ.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise _error(name, text, f"must be a number from {least:g} to {most:g}")
    return value


def _tokens(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if not 1 <= value <= _MOST_TOKENS:
        raise _error(name, text, f"must be a whole number from 1 to {_MOST_TOKENS}")
    return value


def _error(name: str, value: str, rule: str) -> BadInputError:
    return BadInputError(field=name, value=value, rule=rule, where="app settings")
