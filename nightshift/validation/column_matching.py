"""The columns of a file against the columns of a contract, by exact name; their order is free."""

from collections import Counter
from dataclasses import dataclass

from nightshift.domain.uploads.contract import DataContract, Violation
from nightshift.validation.unreadable import UnreadableFileError

_SHOWN = 5


@dataclass(frozen=True)
class ColumnMatch:
    """Where the contract's columns are, and what is wrong with the names.

    Attributes:
        positions: position in the file of each contract column that is there.
        extras: positions of the columns that the contract does not name.
    """

    positions: dict[str, int]
    extras: tuple[int, ...]
    violations: tuple[Violation, ...]


def match_columns(contract: DataContract, names: tuple[str, ...]) -> ColumnMatch:
    """Match names exactly; a name that differs only in case or outer spaces is named as the likely mistake.

    Raises:
        UnreadableFileError: rule ``columns``: not one column of the contract is there.
    """
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        first.setdefault(name, position)
    wanted = [column.name for column in contract.columns]
    positions = {name: first[name] for name in wanted if name in first}
    near = _near_misses([name for name in wanted if name not in first], [name for name in first if name not in wanted])
    if not positions and not near:
        raise _no_column_error(wanted, names)
    violations: list[Violation] = []
    repeats = Counter(names)
    for name in wanted:
        if name in near:
            message = f"column {name!r} is missing; {near[name]!r} differs from it only in case or outer spaces"
            violations.append(Violation(rule="columns", column=name, message=message))
        elif name not in first:
            violations.append(Violation(rule="columns", column=name, message=f"column {name!r} is missing"))
        elif repeats[name] > 1:
            message = f"column {name!r} is there {repeats[name]} times; the first one was checked"
            violations.append(Violation(rule="columns", column=name, message=message, count=repeats[name] - 1))
    extras = tuple(position for position, name in enumerate(names) if name not in positions)
    if contract.extra_columns == "forbid":
        explained = set(near.values())
        violations.extend(_forbidden([names[position] for position in extras if names[position] not in explained]))
    return ColumnMatch(positions=positions, extras=extras, violations=tuple(violations))


def _near_misses(missing: list[str], strangers: list[str]) -> dict[str, str]:
    by_folded = {name.strip().casefold(): name for name in reversed(strangers)}
    return {name: by_folded[folded] for name in missing if (folded := name.strip().casefold()) in by_folded}


def _no_column_error(wanted: list[str], names: tuple[str, ...]) -> UnreadableFileError:
    shown = ", ".join(repr(name[:40]) for name in names[:_SHOWN])
    message = f"not one of the contract's {len(wanted)} columns is in the file, whose header (first row) reads {shown}"
    return UnreadableFileError("columns", message, count=len(wanted), examples=tuple(wanted[:_SHOWN]))


def _forbidden(extra: list[str]) -> list[Violation]:
    if not extra:
        return []
    shown = ", ".join(repr(name[:80]) for name in extra[:_SHOWN]) + (", ..." if len(extra) > _SHOWN else "")
    return [
        Violation(
            rule="extra_columns",
            column=extra[0] if len(extra) == 1 else None,
            message=f"{len(extra)} column(s) not in the contract: {shown}",
            count=len(extra),
            examples=tuple(name[:80] for name in extra[:_SHOWN]),
        )
    ]
