"""The steps by hand that Terraform cannot do, and whether each is done: `nightshift env check` asks.

docs/deploy.md lists them in their order, with these ids; a test holds the two together.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nightshift.delivery import hand_step_questions as steps
from nightshift.delivery.command import CommandError
from nightshift.delivery.environment import Environment
from nightshift.delivery.hand_step_questions import Place, Resolve

_ROOT = Path(__file__).resolve().parents[2]

State = Literal["ok", "missing", "unknown", "by eye"]


@dataclass(frozen=True)
class Step:
    """One step by hand.

    Attributes:
        id: as docs/deploy.md names it.
        mend: the command, or the page that describes the step; names fields of the environment in braces.
        ask: what is missing, empty if nothing is; None where nobody but a person can tell.
        reason: why it cannot be asked, then.
        private_only: a public environment does not need it.
    """

    id: str
    what: str
    mend: str
    ask: Callable[[Place], str] | None = None
    reason: str = ""
    private_only: bool = False


@dataclass(frozen=True)
class Finding:
    """Whether one step is done; if it is not, what does it."""

    step: Step
    state: State
    detail: str = ""
    mend: str = ""


def examine(environment: Environment, root: Path | None = None, resolve: Resolve | None = None) -> Iterator[Finding]:
    """Ask for each step in its order. One whose question is refused is unknown, and as bad as a missing one."""
    place = Place(environment, root or _ROOT, resolve or _addresses)
    for step in STEPS:
        if step.ask is None:
            yield Finding(step, "by eye", step.reason)
            continue
        if step.private_only and not steps.is_private(place):
            yield Finding(step, "ok", "not needed: this environment is public")
            continue
        try:
            missing = step.ask(place)
        except CommandError as error:
            yield Finding(step, "unknown", str(error), _mend(step, environment))
        else:
            yield Finding(step, "missing", missing, _mend(step, environment)) if missing else Finding(step, "ok")


def _mend(step: Step, environment: Environment) -> str:
    return step.mend.format(**environment.model_dump(), volume=steps.wheel_volume(environment))


def _addresses(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, 443)})
    except OSError:
        return []


STEPS: tuple[Step, ...] = (
    Step(
        "state",
        "the account that keeps Terraform's state",
        "terraform -chdir=terraform/bootstrap apply; write its output `backend` into terraform/envs/{name}.tfbackend",
        steps.ask_state,
    ),
    Step(
        "parameters",
        "ids and addresses of the environment",
        "write them into terraform/envs/{name}.tfvars",
        steps.ask_parameters,
    ),
    Step(
        "metastore",
        "a metastore of Unity Catalog for the workspace",
        "databricks metastores assign WORKSPACE_NUMBER METASTORE_ID main",
        steps.ask_metastore,
    ),
    Step(
        "run_as_user",
        "the right to let jobs run as their service principal",
        "give who applies the role User on the service principal nightshift-{name}-training; apply again",
        steps.ask_run_as,
    ),
    Step(
        "runner_network",
        "the network of the runner and of people is connected",
        "az network vnet peering create, in both directions",
        steps.ask_peering,
        private_only=True,
    ),
    Step(
        "runner_dns",
        "this machine resolves the environment's private names",
        "az network private-dns link vnet create, for each zone of {resource_group}",
        steps.ask_runner_dns,
        private_only=True,
    ),
    Step(
        "workspace_content",
        "the workspace has its content",
        "deploy_content = true; apply; nightshift env add {name}",
        steps.ask_content,
    ),
    Step(
        "environment_file",
        "the pipeline knows the environment",
        "git add environments/{name}.json; commit it",
        steps.ask_committed,
    ),
    Step(
        "deployer_in_workspace",
        "the workspace knows the pipeline",
        "databricks service-principals create --json "
        """'{{"applicationId": "CLIENT_ID", "displayName": "deployer"}}'""",
        steps.ask_deployers,
    ),
    Step(
        "wheel_volume_grants",
        "the pipeline may put the training wheel into its volume",
        "databricks grants update volume {volume} --json "
        """'{{"changes": [{{"principal": "CLIENT_ID", "add": ["READ_VOLUME", "WRITE_VOLUME"]}}]}}'""",
        steps.ask_wheel_grants,
    ),
    Step("wheel", "the training wheel is in its volume", "make deploy ENV={name}", steps.ask_wheel),
    Step(
        "databricks_serving_grants",
        "the app may move the endpoints that model_specs name",
        "databricks permissions update serving-endpoints ENDPOINT_ID --json ..., CAN_MANAGE for nightshift-{name}-app",
        steps.ask_serving,
    ),
    Step(
        "databricks_pause_grants",
        "the app may pause compute of other teams",
        "CAN_RESTART on the cluster, CAN_MANAGE on the warehouse, for nightshift-{name}-app",
        reason="which compute a budget alert may pause is said by the teams that own it, and by no file here",
    ),
    Step(
        "language_model_role",
        "the app may ask the language model that tfvars name",
        "az role assignment create --assignee-object-id {app_principal_id} --assignee-principal-type ServicePrincipal "
        "--role 'Cognitive Services OpenAI User' --scope RESOURCE_ID",
        steps.ask_language_model,
    ),
    Step(
        "notify_secret",
        "the addresses at which on-call is notified",
        "az keyvault secret set --vault-name VAULT --name notify-urls --file addresses.txt --query id; "
        "write the version into notify_urls_version; apply",
        steps.ask_notify_secret,
    ),
    Step(
        "notify_fallback_secret",
        "the addresses of the second channel for pages, if tfvars name one",
        "az keyvault secret set --vault-name VAULT --name notify-fallback-urls --file addresses.txt --query id; "
        "write the version into notify_fallback_urls_version; apply",
        steps.ask_fallback_secret,
    ),
    Step(
        "github_environments",
        "environments, reviewers and variables of the repository",
        "docs/deploy.md, section 4, The pipeline",
        reason="GitHub knows, and this command signs in to Azure alone: "
        """`gh api repos/OWNER/REPO/environments --jq ".environments[].name"`""",
    ),
    Step(
        "plan_readers",
        "the identities of the nightly plan may read",
        "plan_readers of terraform/bootstrap; apply there",
        reason="they are variables of bootstrap that no file here keeps: "
        "`az role assignment list --assignee OBJECT_ID --all -o table` shows three roles",
    ),
)
