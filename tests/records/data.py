"""Small datasets for the recorded night: a level in, an output that depends on it."""

import csv
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ROWS = 800
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def write_rows(file: Path, part: int, *, slope: float = 3, outliers: float = 0, noise_until: float = 0) -> Path:
    """Write the rows of one span of time.

    Args:
        part: which span; no two share a row.
        outliers: share of the rows whose output is ten more than the level says.
        noise_until: share of the rows, the oldest ones, whose output has nothing to do with the level.
    """
    chance = random.Random(part)
    with file.open("w", newline="", encoding="utf-8") as target:
        rows = csv.writer(target)
        rows.writerow(["timestamp", "level", "output"])
        for number in range(_ROWS):
            level = chance.random()
            moment = _BEGIN + timedelta(hours=number + part * _ROWS)
            output = slope * level + math.sin(6 * level) + chance.gauss(0, 0.1)
            if number < noise_until * _ROWS:
                output = chance.uniform(-9, 9)
            if chance.random() < outliers:
                output += 10
            rows.writerow([moment.isoformat(), f"{level:.6f}", f"{output:.6f}"])
    return file


def write_broken(file: Path) -> Path:
    """Write rows that break the contract: too few, a level above one, an hour twice."""
    lines = [f"2026-01-01T0{hour % 3}:00:00+00:00,{hour},1.0" for hour in range(5)]
    file.write_text("\n".join(("timestamp,level,output", *lines)) + "\n", encoding="utf-8")
    return file
