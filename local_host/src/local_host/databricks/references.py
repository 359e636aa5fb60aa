"""Dynamic value references in task parameters: ``{{job.parameters.model}}`` and the like.

Rules as on Databricks: a reference outside the known namespaces stays as written, one inside a known namespace that
does not exist is an error. Values are put in once and never expanded again, so a reference inside a parameter's value
is data.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

_REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAMESPACES = ("job.", "task.", "tasks.", "workspace.")
SUPPORTED = frozenset(
    {
        "job.id",
        "job.name",
        "job.run_id",
        "job.start_time.iso_date",
        "job.start_time.iso_datetime",
        "job.start_time.timestamp_ms",
        "job.trigger.type",
        "task.execution_count",
        "task.name",
        "task.run_id",
        "workspace.id",
    }
)


def unsupported_references(template: str, parameters: Iterable[str]) -> Iterator[str]:
    """References of the known namespaces that neither this host nor the job's parameters can resolve."""
    known = SUPPORTED | {f"job.parameters.{name}" for name in parameters}
    for match in _REFERENCE.finditer(template):
        reference = match[1].replace("`", "")
        if reference.startswith(_NAMESPACES) and reference not in known:
            yield reference


def substitute(template: str, values: Mapping[str, str]) -> str:
    """Replace each reference that ``values`` names by its value."""
    return _REFERENCE.sub(lambda match: values.get(match[1].replace("`", ""), match[0]), template)
