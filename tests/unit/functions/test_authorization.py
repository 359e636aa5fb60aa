"""Who may call an HTTP function: asked before its handler hears of the call."""

from pathlib import Path

import azure.functions as func
import pytest

from nightshift.domain.platform.errors import NightshiftError, NotAllowedError, NotSignedInError
from nightshift.domain.platform.origin import OtherSiteError
from nightshift.domain.platform.principal import NOBODY
from nightshift.domain.platform.sign_in import VARIABLE, SignInNotEnforcedError
from nightshift.functions.authorization import Incoming, with_authorization
from nightshift.functions.route import Route
from tests.unit.triggers.api.requests import principal, request

READS = Route("reads", "x", ("GET",), roles=("AlertWriter", "Operator"))
ACTS = Route("acts", "x", ("POST",), roles=("Operator",))
OPEN = Route("open", "x", ("POST",), roles=())
ELSEWHERE = {"Origin": "https://elsewhere.example"}


async def _caller(route: Route, req: func.HttpRequest) -> str:
    """The name of the caller that reaches the handler."""

    async def handler(incoming: Incoming) -> func.HttpResponse:
        return func.HttpResponse(incoming.caller.name)

    answer = await with_authorization(route, handler)(req, None)
    return answer.get_body().decode()


async def test_one_of_the_roles_is_enough() -> None:
    """The handler gets the caller, for the record."""
    assert await _caller(READS, request(headers=principal("Operator"))) == "ann"


@pytest.mark.parametrize(
    ("route", "headers", "refusal"),
    [
        (READS, principal("Reader"), NotAllowedError),
        (READS, {}, NotSignedInError),
        (ACTS, principal("Operator") | ELSEWHERE, OtherSiteError),
        (ACTS, principal("Reader") | ELSEWHERE, NotAllowedError),
    ],
)
async def test_who_may_not_call_does_not_reach_the_handler(
    route: Route, headers: dict[str, str], refusal: type[NightshiftError]
) -> None:
    """Without the role, without a sign-in, or sent by another site; the role is asked first."""
    with pytest.raises(refusal):
        await _caller(route, request(headers=headers))


async def test_the_refusal_says_which_role_is_needed() -> None:
    """It names the caller, the caller's roles and those that would do."""
    with pytest.raises(NotAllowedError, match="ann .* Reader: .* AlertWriter or Operator$"):
        await _caller(READS, request(headers=principal("Reader")))


async def test_reading_from_another_site_changes_nothing() -> None:
    """A link from elsewhere is followed."""
    assert await _caller(READS, request(headers=principal("Operator") | ELSEWHERE)) == "ann"


async def test_an_open_route_takes_everybody() -> None:
    """Whoever has signed in is known by name; others are nobody."""
    assert await _caller(OPEN, request(headers=principal())) == "ann"
    assert await _caller(OPEN, request(headers=ELSEWHERE)) == NOBODY.name


async def test_without_a_sign_in_there_is_no_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that anybody may have written gives nothing, and makes nobody of its bearer on an open route."""
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SignInNotEnforcedError):
        await _caller(READS, request(headers=principal("Operator")))
    assert await _caller(OPEN, request(headers=principal("Operator"))) == NOBODY.name


def test_records_never_take_the_name_alone() -> None:
    """Outside doors hand on the actor, name and id; the name alone only greets the visitor of a page."""
    root = Path(__file__).resolve().parents[3]
    files = [*(root / "nightshift" / "triggers").rglob("*.py"), *(root / "nightshift" / "pages").rglob("*.py")]
    lines = [line.strip() for file in sorted(files) for line in file.read_text(encoding="utf-8").splitlines()]
    named = [line for line in lines if "principal.name" in line or "caller.name" in line]
    assert named == ["visitor=caller.name,", "visitor=self.caller.name,"]
