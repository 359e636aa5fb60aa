"""The model specs of the recorded night: the shipped ones, and small ones whose jobs train in seconds."""

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SMALL, LIMITED, JOBLESS, TRAINING = "tide_forecast", "limited_forecast", "jobless", "training_now"
# What a response does is checked a second later, and nothing holds a page back, so that it ends within the night.
AT_ONCE: dict[str, Any] = {"settle_minutes": 0, "verify_minutes": 0.02, "page_minutes": 0}
# Over before anybody reads the archive: what waits for it goes on at the next start.
SOON = 10.0
# Keys of two pages: the first goes out, and the second is owed.
OWED = ("night-1", "night-2")
_WINDOW = {"actions": ["adjust_training_window"], "window_days": {"minimum": 4, "maximum": 60}}


def write_specs(folder: Path) -> None:
    """Write the specs and the playbook of the platform into a new folder."""
    folder.mkdir(parents=True)
    for file in sorted((ROOT / "model_specs").glob("*.yaml")):
        shutil.copy(file, folder)
    small = yaml.safe_load((ROOT / "model_specs" / "canary.yaml").read_text(encoding="utf-8"))
    small["playbook"] = AT_ONCE
    mixed = {**small["evaluation"], "metrics": [{"name": "rmse"}, {"name": "mae"}]}
    limited = {**small["evaluation"], "metrics": [{"name": "rmse"}, {"name": "r2", "tracked": False, "minimum": 0.5}]}
    for name, change in {
        SMALL: {
            "evaluation": mixed,
            "playbook": {**AT_ONCE, "retrain_datasets": 1},
            "improvement": {"max_iterations": 2, "bounds": _WINDOW},
        },
        LIMITED: {
            "evaluation": limited,
            "improvement": {"after": ["limit_broken"], "max_iterations": 2, "bounds": _WINDOW},
        },
        JOBLESS: {"job": {**small["job"], "name": "no-such-job"}},
        TRAINING: {},
    }.items():
        document = {**small, "name": name, "description": f"A small model of the recorded night: {name}."} | change
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    platform = {**AT_ONCE, "pause_minutes": SOON}
    (folder.parent / "platform.yaml").write_text(yaml.safe_dump(platform), encoding="utf-8")


def settings(folder: Path) -> dict[str, str]:
    """Under which a recorded folder is played and read: its own specs, and no history is too old."""
    return {
        "NIGHTSHIFT_MODEL_SPECS": str(folder / "specs"),
        "NIGHTSHIFT_PLATFORM": str(folder / "platform.yaml"),
        "NIGHTSHIFT_KEEP_HISTORY_DAYS": "36500",
        "NIGHTSHIFT_RETRY_SECONDS": "0.5",
        "NIGHTSHIFT_RETRY_ATTEMPTS": "4",
    }
