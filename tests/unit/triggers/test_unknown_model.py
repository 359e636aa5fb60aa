"""A model that nobody knows."""

from types import SimpleNamespace
from typing import cast

from nightshift.domain.platform.errors import UnknownModelError
from nightshift.domain.platform.ports import Services
from nightshift.triggers.unknown_model import refuse_unknown_model
from tests.support.refusals import refusal


def test_a_model_without_spec_and_record_is_unknown() -> None:
    """An empty list would say that all is well with it."""
    services = cast("Services", SimpleNamespace(specs=SimpleNamespace(names=lambda: ("known",))))
    refuse_unknown_model(services, "known", found=False)
    refuse_unknown_model(services, "removed", found=True)
    refuse_unknown_model(services, None, found=False)
    with refusal(UnknownModelError, field="model", value="x", known=("known",)):
        refuse_unknown_model(services, "x", found=False)
