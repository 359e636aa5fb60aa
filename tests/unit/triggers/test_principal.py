"""The principal of a request, held against the roles that it needs."""

from pathlib import Path

import pytest

from nightshift.domain.platform.errors import NotAllowedError
from nightshift.domain.platform.sign_in import VARIABLE, SignInNotEnforcedError
from nightshift.triggers.principal import require_role
from tests.unit.triggers.api.requests import principal, request


def test_one_of_the_roles_is_enough() -> None:
    """The caller comes back, for the record."""
    assert require_role(request(headers=principal("Operator")), "AlertWriter", "Operator").name == "ann"


def test_without_any_of_the_roles_it_says_which() -> None:
    """The error names the caller, what it has and what is needed."""
    with pytest.raises(NotAllowedError, match="ann has the roles Reader: this needs AlertWriter or Operator"):
        require_role(request(headers=principal("Reader")), "AlertWriter", "Operator")


def test_without_a_sign_in_there_is_no_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that anybody may have written gives nothing."""
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SignInNotEnforcedError):
        require_role(request(headers=principal("Operator")), "Operator")


def test_records_never_take_the_name_alone() -> None:
    """Outside doors hand on the actor, name and id; the name alone only greets the visitor of a page."""
    root = Path(__file__).resolve().parents[3]
    files = [*(root / "nightshift" / "triggers").rglob("*.py"), *(root / "nightshift" / "pages").rglob("*.py")]
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    named = [line for line in lines if "principal.name" in line]
    assert named == ["visitor=self.principal.name,", "visitor=principal.name,"]
