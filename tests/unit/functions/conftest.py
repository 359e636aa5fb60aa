"""Functions behind a sign-in, as App Service states it."""

import pytest

from nightshift.domain.platform.sign_in import VARIABLE


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform says that its authentication is on."""
    monkeypatch.setenv(VARIABLE, "True")
