"""State folders that releases have left: today's stack starts on them, says the same, and goes on with them.

Each lies elsewhere than it was recorded, and its services are on other ports. What today's stack says is read before a
test does something.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from nightshift.cli.incident_commands import await_undo
from nightshift.cli.review_commands import await_closed
from nightshift.cli.upload_command import await_run
from nightshift.domain.response.alert import PLATFORM
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.records import archive, said
from tests.records.specs import OWED, TRAINING, settings
from tests.support.running_stack import ROOT, RunningApp, running_on

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("records"), pytest.mark.timeout(600)]


@dataclass
class Earlier:
    """A recorded folder on which today's stack runs.

    Attributes:
        told: what was said then, and what was in flight.
        found: what the API says now, by path.
        printed: what the command line prints now, by call.
    """

    running: RunningApp
    told: dict[str, Any]
    found: dict[str, Any]
    printed: dict[str, Any]

    @property
    def recorded(self) -> dict[str, Any]:
        """What the API said then."""
        answers: dict[str, Any] = self.told["answers"]
        return answers

    @property
    def left(self) -> dict[str, Any]:
        """What was in flight when the stack was ended."""
        left: dict[str, Any] = self.told["in_flight"]
        return left

    def goes_on(self, item: dict[str, Any]) -> bool:
        """Whether it was in flight, so that the start may have changed it already."""
        subject = item | item.get("incident", {}) | item.get("review", {})
        return subject.get("model") in self.left["models"] or subject.get("incident_id") in self.left["incidents"]

    def differences(self, recorded: Any, found: Any, at: str) -> list[str]:
        """What is said otherwise now of what was not in flight; of what was, whether it is there."""
        recorded, found = _items(recorded), _items(found)
        if isinstance(recorded, dict) and self.goes_on(recorded):
            return []
        if isinstance(recorded, list):
            known = {said.name_of(item): item for item in found}
            missing = [f"{at}/{name} is missing" for name in map(said.name_of, recorded) if name not in known]
            settled = [item for item in recorded if not self.goes_on(item)]
            names = {said.name_of(item) for item in settled}
            return missing + list(said.differences(settled, [known[name] for name in known if name in names], at))
        return list(said.differences(recorded, found, at))


def _items(answer: Any) -> Any:
    """A page of a list is its items."""
    return answer["items"] if isinstance(answer, dict) and answer.keys() == {"items", "next"} else answer


@pytest.fixture(scope="module", params=archive.releases())
def earlier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Earlier]:
    """The stack on the folder of a release."""
    folder = tmp_path_factory.mktemp("earlier")
    told = archive.unpack(request.param, folder)
    # The stack is ended while a run goes on, whose files lie there.
    temporary = tmp_path_factory.mktemp("temporary")
    given = {**settings(folder), "TMPDIR": str(temporary)}
    with running_on(folder / "state", folder / "specs", given) as running:
        found = said.answers(running.app)
        printed = {call: said.printed(running.state, tuple(call.split())) for call in told["commands"]}
        yield Earlier(running, told, found, printed)


def test_the_api_says_the_same(earlier: Earlier) -> None:
    """Every list and every detail has the ids, states, decisions, codes and figures that it had."""
    wrong = [
        line
        for path, recorded in earlier.recorded.items()
        if path != "ledger/verification"
        for line in earlier.differences(recorded, earlier.found.get(path, {}), path)
    ]
    assert wrong == []


def test_the_ledger_is_intact(earlier: Earlier) -> None:
    """Each chain holds, and what it ended with is in its place, with the hash that it had."""
    checks = {item["model"]: item for item in earlier.found["ledger/verification"]}
    assert [item for item in checks.values() if item["fault"] is not None or not item["complete"]] == []
    for recorded in earlier.recorded["ledger/verification"]:
        assert checks[recorded["model"]]["entries"] >= recorded["entries"]
    hashes = {(entry["model"], entry["sequence"]): entry["hash"] for entry in earlier.found["ledger"]}
    assert {
        (entry["model"], entry["sequence"]): hashes.get((entry["model"], entry["sequence"]))
        for entry in earlier.recorded["ledger"]
    } == {(entry["model"], entry["sequence"]): entry["hash"] for entry in earlier.recorded["ledger"]}


def test_the_command_line_says_the_same(earlier: Earlier) -> None:
    """Each command that reads prints what it printed; the handover reports the night of each model."""
    wrong = []
    for call, kept in earlier.told["commands"].items():
        recorded = earlier.recorded[kept[said.SAME_AS]] if said.SAME_AS in kept else kept
        found = earlier.printed[call]
        if call.startswith("handover"):
            wrong += earlier.differences(recorded["models"], found["models"], call)
            wrong += list(said.differences(recorded["letters"], found["letters"], call))
        elif "--at" in call:
            # 0.1.0 printed the versions and the rollback target of now beside the champion of then.
            of_then = [{"model": item["model"], "champion": item["champion"]} for item in recorded["items"]]
            wrong += earlier.differences(of_then, found["items"], call)
        elif call != "ledger --verify":
            wrong += earlier.differences(recorded, found, call)
        else:
            wrong += [f"{call}: {item}" for item in found["items"] if item["fault"] is not None]
    assert wrong == []


def test_the_pages_show_them(earlier: Earlier) -> None:
    """The front page, the lists and the page of each record are there, with its name."""
    url = earlier.running.endpoints.app_url
    with httpx.Client(base_url=url, timeout=60) as pages:
        assert pages.get("/").status_code == 200
        for kind, name in (("runs", "run"), ("incidents", "incident_id"), ("reviews", "review_id")):
            for item in earlier.recorded[kind]:
                page = pages.get(f"/{kind}/{item[name]}")
                assert (page.status_code, item[name] in page.text) == (200, True), f"{kind} {item[name]}"
        shown = pages.get("/runs").text
        assert [item["run"] for item in earlier.recorded["runs"] if item["run"] not in shown] == []


def test_the_open_review_is_approved(earlier: Earlier) -> None:
    """Its orchestration has waited across the start: the decision is carried out, and the champion moves."""
    app, review = earlier.running.app, earlier.left["open_review"]
    before = app.get(f"reviews/{review}")["review"]
    assert before["state"] == "open"
    app.post(f"reviews/{review}/decision", {"decision": "approve", "comment": "because"})
    settled = await_closed(app, review)
    assert (settled.state, app.get(f"models/{settled.model}")["champion"]) == ("promoted", before["challenger_version"])


def test_what_fell_due_meanwhile_is_done(earlier: Earlier) -> None:
    """A review expires, a lease of compute ends, and a symptom whose cause was not cured is a person's."""
    app = earlier.running.app
    assert await_closed(app, earlier.left["expiring_review"]).state == "expired"
    held = f"incidents/{earlier.left['lease']}"
    lease = earlier.running.until(lambda: _ended_lease(app.get(held)["incident"]), "the end of the lease")
    assert sorted(lease["names"]) == ["ad-hoc-queries", "data-science-sandbox"]
    symptom = f"incidents/{earlier.left['symptom']}"
    earlier.running.until(lambda: app.get(symptom)["incident"]["actions"], "what is done about the symptom")


def _ended_lease(incident: dict[str, Any]) -> dict[str, Any] | None:
    return next((action["facts"] for action in incident["actions"] if action["facts"].get("resumed")), None)


def test_the_run_that_waited_for_its_job_is_decided(earlier: Earlier) -> None:
    """Its job was lost with the stack; it is decided all the same, and what waited for its turn has a run."""
    running, run = earlier.running, earlier.left["training_run"]
    assert running.outcome(run).outcome in {"promoted", "rejected", "flagged"}
    waited = earlier.left["waiting_uploads"]
    following = {await_run(running.app, TRAINING, identity, seconds=240) for identity in waited}
    assert (len(following), following & {run}) == (1, set())


def test_an_old_rollback_is_undone(earlier: Earlier) -> None:
    """What a release has rolled back, a later one puts back, and out of quarantine."""
    app = earlier.running.app
    (incident,) = (
        item["incident_id"]
        for item in earlier.recorded["incidents"]
        if item["model"] == "rolled_back" and item["state"] == "resolved"
    )
    before = app.get("models/rolled_back")["champion"]
    app.post(f"incidents/{incident}/undo", {"comment": "because"})
    result = await_undo(app, incident)
    assert (result["refused"], len(result["undone"])) == ([], 1)
    model = app.get("models/rolled_back")
    assert (before, model["champion"]) == ("2", "3")
    assert [version["tags"] for version in model["versions"] if version["version"] == "3"] == [{}]


def test_what_was_reported_is_not_reported_again(earlier: Earlier) -> None:
    """Each notification has gone out once; what was owed is known, and is owed or has gone out since."""
    running = earlier.running
    services = LazyServices(read_settings(running.endpoints.environment(), ROOT))
    assert [services.notifications.get(PLATFORM, key) is None for key in OWED] == [False, False]
    text = (running.state / "functions" / "notifications.jsonl").read_text(encoding="utf-8")
    keys = [json.loads(line)["key"] for line in text.splitlines()]
    assert sorted(keys) == sorted(set(keys))
    assert OWED[0] in keys
