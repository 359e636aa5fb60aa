"""Record the histories of this release: ``python -m tests.histories.record`` (``make histories``).

They are written to ``tests/histories/<release>/<orchestrator>/<case>.json``. Those of other releases stay as they are:
they stand for the instances that such a release may have left in flight. So does each case of this release that has
been recorded: whoever wants it anew deletes its files. And nothing of another version of orchestrations goes into the
release: whoever raises ``defaultVersion`` raises the release as well.
"""

import json
import sys
import tomllib
from collections import Counter

from tests.histories.cases import CASES
from tests.histories.recording import ROOT, Recorded, record
from tests.histories.replaying import FOLDER, History


def main() -> None:
    """Record every case."""
    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    version = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"][
        "defaultVersion"
    ]
    target = FOLDER / release
    others = sorted({History.read(file).version or "none" for file in target.glob("*/*.json")} - {version})
    if others:
        sys.exit(
            f"error: release = {release!r}: {target} holds histories of version {', '.join(others)} of orchestrations,"
            f" and host.json says {version}. Raise the release in pyproject.toml, so that they are kept"
        )
    kept = {(file.parent.name, file.stem) for file in target.glob("*/*.json")}
    found = [
        recorded for case in CASES for recorded in record(case) if (recorded.orchestrator, recorded.case) not in kept
    ]
    generations: Counter[tuple[str, str]] = Counter()
    for recorded in found:
        generations[recorded.orchestrator, recorded.case] += 1
        number = generations[recorded.orchestrator, recorded.case]
        file = target / recorded.orchestrator / f"{recorded.case}{'' if number == 1 else f'-{number}'}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_text(release, recorded), encoding="utf-8")
    sys.stdout.write(f"release {release}, version {version}: {len(found)} histories recorded, {len(kept)} kept\n")


def _text(release: str, recorded: Recorded) -> str:
    """One event a line, so that a difference can be read."""
    head = {
        "release": release,
        "orchestrator": recorded.orchestrator,
        "instanceId": recorded.instance_id,
        "version": recorded.version,
    }
    events = ",\n".join(json.dumps(event) for event in recorded.records)
    return f'{json.dumps(head)[:-1]}, "history": [\n{events}\n]}}\n'


if __name__ == "__main__":
    main()
