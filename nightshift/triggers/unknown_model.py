"""A model that nobody knows: a mistake of the caller's, and not an empty list."""

from nightshift.domain.platform.errors import UnknownModelError
from nightshift.domain.platform.ports import Services


def refuse_unknown_model(services: Services, model: str | None, *, found: bool) -> None:
    """Refuse a model that has no spec and nothing on record.

    Raises:
        UnknownModelError: names the models that there are.
    """
    if model is not None and not found and model not in (known := services.specs.names()):
        raise UnknownModelError(model, known)
