"""The principal of a request, held against the roles that it needs."""

import pytest

from domain.principal import NotAllowedError
from tests.unit.triggers.api.requests import principal, request
from triggers.principal import require_role


def test_one_of_the_roles_is_enough() -> None:
    """The caller comes back, for the record."""
    assert require_role(request(headers=principal("Operator")), "AlertWriter", "Operator").name == "ann"


def test_without_any_of_the_roles_it_says_which() -> None:
    """The error names the caller, what it has and what is needed."""
    with pytest.raises(NotAllowedError, match="ann has the roles Reader: this needs AlertWriter or Operator"):
        require_role(request(headers=principal("Reader")), "AlertWriter", "Operator")
