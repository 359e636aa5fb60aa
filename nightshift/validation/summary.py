"""A contract report as text for people."""

from nightshift.domain.uploads.contract import ContractReport, Violation

_ENGINES = {
    "footer": "from the Parquet footer",
    "scan": "by reading the data",
    "job": "by a Databricks job",
    "none": "without reading the data",
}


def summary(report: ContractReport) -> str:
    """Return one line of verdict, then each broken rule with its first examples."""
    extent = f"{report.rows:,} rows, {len(report.columns):,} columns, checked {_ENGINES[report.engine]}"
    newest = f", newest {report.newest}" if report.newest else ""
    if report.passed:
        return f"The contract is met: {extent}{newest}."
    number = len(report.violations)
    lines = [f"The contract is broken: {number} violation{'s' if number > 1 else ''} ({extent}{newest})."]
    for index, violation in enumerate(report.violations, start=1):
        lines.extend(_lines(index, violation))
    return "\n".join(lines)


def _lines(index: int, violation: Violation) -> list[str]:
    lines = [f"{index}. {violation.rule}: {violation.message}"]
    lines += [f"   - {example}" for example in violation.examples]
    if len(violation.examples) and violation.count > len(violation.examples):
        lines.append(f"   - and {violation.count - len(violation.examples):,} more")
    return lines
