"""`local-host`, or `python -m local_host`: runs a function app, and what it needs of Azure, on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local_host.stack import (
    Endpoints,
    Stack,
    StackError,
    StackEvent,
    doctor,
    install_azurite,
    run_in_foreground,
    start_detached,
)
from local_host.stack.app_settings import load_app_config

_STATE = ".local_host"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carries out one command; returns the exit code: 0 done, 1 not, or a part is unhealthy."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except StackError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local-host", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="install Azurite; once, and after an upgrade")
    setup.set_defaults(run=_setup)
    up = commands.add_parser("up", help="start the app and what it needs, until Ctrl-C")
    up.add_argument("--port", type=int, help="the app's port; a free one unless given")
    up.add_argument("--detach", action="store_true", help="return once it runs")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="end what `up --detach` has started")
    down.set_defaults(run=_down)
    examine = commands.add_parser("doctor", help="say which part is unhealthy, and what to do")
    examine.set_defaults(run=_doctor)
    # `down` makes nothing, and ends a stack also when its app is gone.
    for command, folder in ((up, _app_folder), (down, Path), (examine, _app_folder)):
        command.add_argument(
            "root", type=folder, nargs="?", default=".", help="the app's folder; this one unless given"
        )
        command.add_argument(
            "--state", type=Path, help=f"the folder for all that is kept; {_STATE} in the app's unless given"
        )
    return parser


def _app_folder(text: str) -> Path:
    root = Path(text)
    if not (root / "host.json").is_file():
        raise argparse.ArgumentTypeError(f"{root.resolve()} has no host.json, so there is no function app in it")
    return root


def _setup(_options: argparse.Namespace) -> int:
    install_azurite()
    return 0


def _up(options: argparse.Namespace) -> int:
    if options.detach:
        _print_addresses(start_detached(options.root, _state(options), options.port, _print_event))
    else:
        run_in_foreground(Stack(options.root, _state(options), options.port), _print_event, _print_addresses)
    return 0


def _down(options: argparse.Namespace) -> int:
    Stack.attach(_state(options), load_app_config(options.root).commands).down(_print_event)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor(_state(options), options.root)
    for finding in findings:
        print(f"{finding.component:<16}{'ok' if finding.ok else 'NOT OK':<8}{finding.detail} {finding.advice}".rstrip())  # noqa: T201
    return 0 if all(finding.ok for finding in findings) else 1


def _state(options: argparse.Namespace) -> Path:
    given: Path | None = options.state
    root: Path = options.root
    return root / _STATE if given is None else given


def _print_event(event: StackEvent) -> None:
    seconds = "" if event.seconds is None else f" after {event.seconds:.1f} s"
    print(f"{event.component:<12}{event.kind}{seconds} {event.detail}".rstrip(), flush=True)  # noqa: T201


def _print_addresses(endpoints: Endpoints) -> None:
    print(f"The app is at {endpoints.app_url}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
