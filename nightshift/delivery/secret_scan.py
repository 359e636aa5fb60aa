"""Scan what git keeps for secrets: ``python -m nightshift.delivery.secret_scan``.

detect-secrets looks. What looks like a secret and is none stands in ``allowed_secrets.yml`` with a reason, by its kind
and the hash of its text: it may move to another line or file, and may not change.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from nightshift.delivery.command import run
from nightshift.domain.platform.errors import NightshiftError

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = Path(__file__).with_name("allowed_secrets.yml")
_UV = str(Path(sys.executable).with_name("uv"))
_SCAN = ("tool", "run", "--quiet", "--from", "detect-secrets==1.5.0", "detect-secrets", "scan")


class Finding(NamedTuple):
    """Something that looks like a secret; ``digest`` is the SHA-1 of its text, as detect-secrets gives it."""

    kind: str
    digest: str


def scan(root: Path) -> dict[Finding, list[str]]:
    """The findings in what git keeps or would keep, and the places of each."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root).decode()
    # Files that were removed and not committed yet are listed, too; and hashes look like secrets.
    files = [name for name in listed.split("\0") if (root / name).is_file() and root / name != ALLOWED]
    found = json.loads(run(_UV, *_SCAN, *files, cwd=root))["results"]
    places: dict[Finding, list[str]] = {}
    for file, items in found.items():
        for item in items:
            finding = Finding(item["type"], item["hashed_secret"])
            places.setdefault(finding, []).append(f"{file}:{item['line_number']}")
    return places


def allowed(path: Path) -> set[Finding]:
    """What is known to be no secret."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {Finding(row["kind"], row["digest"]) for row in rows}


def main() -> None:
    """Scan, and say what is new, or what is allowed and no longer there."""
    try:
        found = scan(ROOT)
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    known = allowed(ALLOWED)
    for finding in sorted(set(found) - known):
        sys.stdout.write(f"{', '.join(found[finding])}: {finding.kind} {finding.digest}\n")
    for finding in sorted(known - set(found)):
        sys.stdout.write(f"{ALLOWED.name}: {finding.digest} is nowhere any more: take the line out\n")
    if set(found) ^ known:
        sys.exit("a secret? take it out and renew it where it is valid; if it is none, allow it with its reason")
    sys.stdout.write(f"no secret; {len(known)} texts look like one and are none\n")


if __name__ == "__main__":
    main()
