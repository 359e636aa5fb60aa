"""Model specs: one YAML file per model in a folder that is deployed with the app."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.errors import SpecError, UnknownModelError
from domain.spec import ModelSpec


class SpecFiles:
    """Implements domain.ports.SpecSource; a changed file is read again, and a bad one harms only its own model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, ModelSpec]] = {}

    def get(self, model: str) -> ModelSpec:
        """The spec of a model.

        Raises:
            UnknownModelError: there is no file of this name.
            SpecError: the file breaks a rule; names file, field, value and rule.
        """
        known = self.names()
        if model not in known:
            raise UnknownModelError(model, known)
        path = self._folder / f"{model}.yaml"
        changed = path.stat().st_mtime_ns
        if model not in self._read or self._read[model][0] != changed:
            self._read[model] = (changed, load_spec(path))
        return self._read[model][1]

    def names(self) -> tuple[str, ...]:
        """Names of all models: those of the files."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.yaml")))


def load_spec(path: Path) -> ModelSpec:
    """Read and check one spec file.

    Raises:
        SpecError: not YAML, or a field breaks a rule.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(
            field="file", value=path.name, rule=f"must be YAML in UTF-8: {error}", where=path.name
        ) from error
    try:
        spec = ModelSpec.model_validate(content)
    except ValidationError as error:
        raise _spec_error(path, error) from error
    if spec.name != path.stem:
        raise SpecError(field="name", value=spec.name, rule=f"must be the file's name, {path.stem!r}", where=path.name)
    return spec


def _spec_error(path: Path, error: ValidationError) -> SpecError:
    problems = error.errors(include_url=False)
    first = problems[0]
    rules = "; ".join(f"{_field(problem['loc'])}: {problem['msg']}" for problem in problems[1:])
    rule = first["msg"] if not rules else f"{first['msg']}. Also: {rules}"
    value = first["input"] if not isinstance(first["input"], dict) else "..."
    return SpecError(field=_field(first["loc"]), value=value, rule=rule, where=path.name)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "spec"
