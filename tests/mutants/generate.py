"""Write every mutant of the rooms in rooms.toml as a line of JSON. Runs in cosmic-ray's own environment.

python tests/mutants/generate.py [PATH ...]    only the modules below these paths
"""

import difflib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found]
from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
from cosmic_ray.plugins import get_operator  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parents[2]


def mutants(module: str, operators: list[str], left_out: list[str]) -> Iterator[dict[str, Any]]:
    """The mutants of a module, each source once."""
    source = (ROOT / module).read_text(encoding="utf-8")
    nodes, known = list(ast_nodes(get_ast(source))), {source}
    for name in operators:
        operator = get_operator(name)()
        for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            mutated = mutate_code(source, operator, occurrence)
            if mutated is None or mutated in known:
                continue
            known.add(mutated)
            line, before, after = _difference(source, mutated)
            # To cosmic-ray the star before parameters that are given by name is a product.
            if before in left_out or before.startswith(("def ", "*,")):
                continue
            yield {
                "module": module,
                "operator": name.removeprefix("core/"),
                "line": line,
                "before": before,
                "after": after,
                "source": mutated,
            }


def _difference(source: str, mutated: str) -> tuple[int, str, str]:
    """Number of the first line that differs, and what stands there before and after."""
    old, new = source.splitlines(), mutated.splitlines()
    changes = [item for item in difflib.SequenceMatcher(None, old, new, False).get_opcodes() if item[0] != "equal"]
    _, first, last, new_first, new_last = changes[0]
    return first + 1, _joined(old[first:last]), _joined(new[new_first:new_last])


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def main() -> None:
    """Print them, module by module."""
    rooms = tomllib.loads((ROOT / "tests/mutants/rooms.toml").read_text(encoding="utf-8"))
    found = sorted({path for glob in rooms["modules"] for path in ROOT.glob(glob) if path.name != "__init__.py"})
    for path in found:
        module = path.relative_to(ROOT).as_posix()
        if module in rooms["without"] or not module.startswith(tuple(sys.argv[1:] or [""])):
            continue
        for mutant in mutants(module, rooms["operators"], rooms["left_out"]):
            sys.stdout.write(json.dumps(mutant) + "\n")


if __name__ == "__main__":
    main()
