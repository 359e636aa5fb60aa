"""Model specs: one YAML file per model in a folder that is deployed with the app."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from nightshift.domain.platform.broken_rules import BrokenRule, broken_rules
from nightshift.domain.platform.errors import SpecError, UnknownModelError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.response.playbook import Playbook

Read = TypeVar("Read", bound=Message)


class SpecFiles:
    """Implements `SpecSource`; a changed file is read again, and a bad one harms only its own model."""

    def __init__(self, folder: Path, platform: Path | None = None) -> None:
        self._folder = folder
        self._platform = platform
        self._read: dict[str, tuple[int, ModelSpec]] = {}
        self._read_platform: tuple[int, Playbook] | None = None

    def get(self, model: str) -> ModelSpec:
        known = self.names()
        if model not in known:
            raise UnknownModelError(model, known)
        path = self._folder / f"{model}.yaml"
        if not path.exists():
            raise SpecError(field="file", value=f"{model}.yml", rule="must end in .yaml", where=f"{model}.yml")
        changed = path.stat().st_mtime_ns
        if model not in self._read or self._read[model][0] != changed:
            self._read[model] = (changed, load_spec(path))
        return self._read[model][1]

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({path.stem for path in self._folder.glob("*.y*ml")}))

    def platform(self) -> Playbook:
        if self._platform is None or not self._platform.exists():
            return Playbook()
        changed = self._platform.stat().st_mtime_ns
        if self._read_platform is None or self._read_platform[0] != changed:
            self._read_platform = (changed, _load(self._platform, Playbook))
        return self._read_platform[1]


def load_spec(path: Path) -> ModelSpec:
    """Read and check one spec file.

    Raises:
        SpecError: not YAML, or a field breaks a rule.
    """
    spec = _load(path, ModelSpec)
    if spec.name != path.stem:
        raise SpecError(field="name", value=spec.name, rule=f"must be the file's name, {path.stem!r}", where=path.name)
    return spec


def check_spec(path: Path) -> tuple[BrokenRule, ...]:
    """Return every problem of one spec file; none if it may be used.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if path.suffix != ".yaml":
        return (BrokenRule(field="file", value=path.name, rule="must end in .yaml"),)
    try:
        content = _parse(path)
    except SpecError as error:
        return (BrokenRule(field="file", value=path.name, rule=str(error.fields["rule"])),)
    try:
        spec = ModelSpec.model_validate(content)
    except ValidationError as error:
        return broken_rules(error, ModelSpec, whole="spec")
    if spec.name != path.stem:
        rule = f"must be the file's name, {path.stem!r}"
        return (BrokenRule(field="name", value=spec.name, rule=rule), *spec_contradictions(spec))
    return spec_contradictions(spec)


def spec_contradictions(spec: ModelSpec) -> tuple[BrokenRule, ...]:
    """What each field allows, but what together cannot work."""
    if spec.improvement.after and not spec.improvement.bounds.actions:
        rule = "starts an improvement by itself, but improvement.bounds is empty: it allows nothing to try"
        return (BrokenRule(field="improvement.after", value=spec.improvement.after, rule=rule),)
    return ()


def _load(path: Path, kind: type[Read]) -> Read:
    content = _parse(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise _spec_error(path, broken_rules(error, kind, whole="spec")) from error


def _parse(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 - it is a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(
            field="file", value=path.name, rule=f"must be YAML in UTF-8: {error}", where=path.name
        ) from error
    except RecursionError as error:
        rule = "must not be nested so deep"
        raise SpecError(field="file", value=path.name, rule=rule, where=path.name) from error


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key stands once: PyYAML itself keeps the last one and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _spec_error(path: Path, problems: tuple[BrokenRule, ...]) -> SpecError:
    first, *more = problems
    rule = f"{first.rule}. Also: {'; '.join(map(str, more))}" if more else first.rule
    return SpecError(field=first.field, value=first.value, rule=rule, where=path.name)
