"""Reads the job definitions: one YAML file per job."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from local_host.databricks.definitions import JobSettings


class JobDefinitionError(ValueError):
    """Job definitions that cannot be used: every fault of every file, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_job_definitions(folder: Path) -> dict[int, JobSettings]:
    """Read and check all ``*.yml`` files of a folder.

    Returns:
        The settings by job id.

    Raises:
        JobDefinitionError: a file is unreadable, breaks a rule, or repeats a job name; or there is no file.
    """
    faults: list[str] = []
    jobs: dict[int, JobSettings] = {}
    origin: dict[int, Path] = {}
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise JobDefinitionError([f"{folder}: no *.yml job definition in this folder"])
    for file in files:
        try:
            settings = JobSettings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except ValidationError as error:
            faults += [f"{file.name}: {line}" for line in describe_faults(error)]
            continue
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{file.name}: not a YAML file: {' '.join(str(error).split())}")
            continue
        if settings.job_id in jobs:
            faults.append(f"{file.name}: name: {settings.name!r} is already the job of {origin[settings.job_id].name}")
            continue
        jobs[settings.job_id] = settings
        origin[settings.job_id] = file
    if faults:
        raise JobDefinitionError(faults)
    return jobs


def describe_faults(error: ValidationError) -> list[str]:
    """One line per fault: field, rule, value."""
    lines = []
    for fault in error.errors():
        field = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        # A fault of the whole object names its field itself; printing the object would bury it.
        value = "" if isinstance(fault["input"], Mapping) else f" (value: {fault['input']!r})"
        lines.append(f"{field}: {message}{value}" if field else f"{message}{value}")
    return lines
