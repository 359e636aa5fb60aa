"""What is allowed to look like a secret says why."""

from pathlib import Path

import yaml

from nightshift.delivery.secret_scan import ALLOWED, Finding, allowed


def test_each_exception_has_its_reason() -> None:
    """A reason that says something, and no text twice."""
    rows = yaml.safe_load(ALLOWED.read_text(encoding="utf-8"))
    assert [row for row in rows if set(row) != {"kind", "digest", "reason"} or len(row["reason"]) < 20] == []
    assert len(rows) == len(allowed(ALLOWED))


def test_an_exception_is_known_by_its_text(tmp_path: Path) -> None:
    """Kind and hash, wherever it stands."""
    path = tmp_path / "allowed.yml"
    path.write_text("[{kind: Secret Keyword, digest: abc, reason: An example of no value}]", encoding="utf-8")
    assert allowed(path) == {Finding("Secret Keyword", "abc")}
