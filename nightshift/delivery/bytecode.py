"""Compiles the package's modules: in Azure the folder is read-only, so each cold start would compile them again."""

from collections.abc import Iterable
from pathlib import Path

from nightshift.delivery.command import run

# Where the Functions host puts the package: what tracebacks name.
DEPLOYED = "/home/site/wwwroot"
# One process, in the order of the names: what was compiled before decides which constants marshal writes as references.
# Unchecked: Python compares neither the time nor the content of a source when the app starts.
_COMPILE = """
import py_compile, sys
from pathlib import Path
root, target, deployed = sys.argv[1:]
for name in sorted(sys.stdin.read().splitlines()):
    source = Path(root, name)
    compiled = Path(target, source.relative_to(root).parent, "__pycache__")
    py_compile.compile(
        str(source),
        cfile=str(compiled / f"{source.stem}.{sys.implementation.cache_tag}.pyc"),
        dfile=f"{deployed}/{name}",
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""


def compile_modules(root: Path, names: Iterable[str], target: Path, interpreter: Path) -> dict[str, bytes | Path]:
    """Compile modules with the Python that will import them; the same sources give the same bytes.

    Args:
        root: the package as it will be unpacked.
        names: of its files; tests of dependencies, which nobody imports, are left out.
        target: a folder for the compiled files, made here.
        interpreter: of the version that runs the package.

    Returns:
        Each compiled file by its path in the package.

    Raises:
        CommandError: a module is none for this Python; says which and why.
    """
    modules = sorted(name for name in names if name.endswith(".py") and "tests" not in name.split("/"))
    arguments = ("-I", "-W", "ignore", "-c", _COMPILE, str(root), str(target), DEPLOYED)
    run(str(interpreter), *arguments, given="\n".join(modules))
    return {path.relative_to(target).as_posix(): path for path in sorted(target.rglob("*.pyc"))}
