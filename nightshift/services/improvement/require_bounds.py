"""Refuse an improvement that could try nothing, whoever asks for it."""

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec


def require_bounds(spec: ModelSpec) -> None:
    """Refuse an improvement that could try nothing.

    Raises:
        BadInputError: the spec allows no action.
    """
    if not spec.improvement.bounds.actions:
        raise BadInputError(
            field="improvement.bounds.actions",
            value=(),
            rule="the spec allows nothing: improvement.bounds is empty (docs/add-a-model.md)",
            where=f"{spec.name}.yaml",
        )
