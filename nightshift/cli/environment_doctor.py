"""Says which part of an app's environment is unhealthy, deployed or local, and what to do."""

from dataclasses import replace

import httpx
import pydantic

from nightshift.cli.app_client import AppAddress
from nightshift.cli.finding import Finding
from nightshift.delivery.sign_in import SignInError
from nightshift.domain.platform.health import Liveness, Readiness, SweepHealth
from nightshift.domain.platform.sign_in import NOT_ENFORCED

_NOT_REACHED = (
    "Is the package deployed (`make deploy`)? In dev your address must be in allowed_ip_ranges; qa and prod answer in "
    "their network only."
)
_NO_SIGN_IN = (
    "The app refuses everybody. `terraform apply` turns its authentication on, `az webapp auth show` says what it "
    "is now (docs/deploy.md)."
)
_ROLE_OR_NETWORK = "Role or network: `make gate ENV=...` says which role is missing; a new one takes up to ten minutes."
_LOCAL = "Read the line of that part, and functions.log in the state folder."
_SWEEPS = "A sweep is a timer of the app: see its logs, and docs/operate.md for what it finds."
_NO_ROLE = "Ask the platform team for a role in app_role_members (docs/deploy.md)."


def examine_environment(address: AppAddress, transport: httpx.BaseTransport | None = None) -> list[Finding]:
    """Check that the app answers, that it takes our sign-in, and that what it depends on answers; stop at a failure."""
    with httpx.Client(base_url=f"{address.url}/api", timeout=60, transport=transport) as http:
        findings = [_alive(http, address)]
        if findings[-1].ok:
            findings.append(_signed_in(http, address))
        if findings[-1].ok:
            findings += _dependencies(http, address, _ROLE_OR_NETWORK)
    return findings


def examine_local_app(address: AppAddress, transport: httpx.BaseTransport | None = None) -> list[Finding]:
    """Ask the app of a local stack for its own readiness: its processes may all run, and it refuse its settings."""
    with httpx.Client(base_url=f"{address.url}/api", timeout=60, transport=transport) as http:
        findings = _dependencies(http, address, _LOCAL)
    return [replace(finding, component=f"app: {finding.component}") for finding in findings]


def _alive(http: httpx.Client, address: AppAddress) -> Finding:
    try:
        response = http.get("health")
    except httpx.TransportError as error:
        return Finding("app", False, f"{address.url}: {error or type(error).__name__}", _NOT_REACHED)
    if response.status_code != 200:
        return Finding("app", False, f"{address.url}: HTTP {response.status_code}", _NOT_REACHED)
    try:
        liveness = Liveness.model_validate_json(response.content)
    except pydantic.ValidationError:
        return Finding("app", False, f"{address.url}: answers 200, but not as the app does", _NOT_REACHED)
    if liveness.sign_in == "not enforced":
        return Finding("sign-in", False, f"{address.url}: {NOT_ENFORCED}", _NO_SIGN_IN)
    return Finding("app", True, address.url)


def _signed_in(http: httpx.Client, address: AppAddress) -> Finding:
    try:
        response = http.get("runs", params={"limit": 1}, auth=address.sign_in)
    except SignInError as error:
        return Finding("sign-in", False, str(error), "Sign in with the Azure CLI.")
    except httpx.TransportError as error:
        return Finding("sign-in", False, str(error), _NOT_REACHED)
    if response.status_code == 200:
        return Finding("sign-in", True, "the app takes our token")
    if response.status_code >= 500:
        return Finding("app", False, _refusal(response), "See the app's logs.")
    return Finding("sign-in", False, f"the app answers HTTP {response.status_code} to our token", _NO_ROLE)


def _refusal(response: httpx.Response) -> str:
    """What a problem document says, such as which settings are wrong; else the status alone."""
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        problem = response.json()
        return f"{problem['title']}: {problem['detail']}"
    return f"HTTP {response.status_code} without a report"


def _dependencies(http: httpx.Client, address: AppAddress, advice: str) -> list[Finding]:
    try:
        response = http.get("health/ready", auth=address.sign_in)
        readiness = Readiness.from_json(response.content)
    except httpx.TransportError as error:
        return [Finding("readiness", False, str(error), _NOT_REACHED)]
    except pydantic.ValidationError:
        return [Finding("readiness", False, _refusal(response), "See the app's logs.")]
    parts = [
        Finding(part.name, part.ok, f"{part.milliseconds} ms" if part.ok else part.reason, "" if part.ok else advice)
        for part in readiness.dependencies
    ]
    return [*parts, *(_sweep(sweep) for sweep in readiness.sweeps)]


def _sweep(sweep: SweepHealth) -> Finding:
    last = f"last run {sweep.looked_at:%Y-%m-%d %H:%M} UTC" if sweep.looked_at else "no run yet"
    detail = "; ".join(filter(None, (sweep.reason, last, f"found {sweep.found}", sweep.problem)))
    return Finding(sweep.name, sweep.ok, detail, "" if sweep.ok else _SWEEPS)
