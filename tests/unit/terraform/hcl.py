"""Read the few things of Terraform's files that other files must agree with."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TERRAFORM = ROOT / "terraform"
ENVIRONMENTS = ("dev", "qa", "prod")


def modules() -> list[str]:
    """The folders of terraform/modules."""
    return sorted(folder.name for folder in (TERRAFORM / "modules").iterdir() if folder.is_dir())


def sources(folder: Path) -> str:
    """All Terraform code of one folder, without comments."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.tf")))
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def declared(kind: str, folder: Path) -> list[str]:
    """Names of the blocks of one kind, such as ``variable`` or ``output``."""
    return re.findall(rf'^{kind} "(\w+)"', sources(folder), re.MULTILINE)


def block(text: str, opening: str) -> str:
    """What stands between the braces of the first block that begins with ``opening``."""
    start = text.index(opening) + len(opening)
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    raise AssertionError(f"{opening!r}: the block does not end")


def keys(text: str) -> list[str]:
    """Keys of the outermost assignments in an HCL body."""
    found, depth = [], 0
    for line in text.splitlines():
        match = re.match(r'\s*"?([\w.-]+)"?\s*=', line)
        if depth == 0 and match:
            found.append(match[1])
        depth += sum(line.count(char) for char in "{[(") - sum(line.count(char) for char in "}])")
    return found
