"""``nightshift``, and ``python -m nightshift.cli``: light, so that Ctrl-C while the command loads is no traceback."""

import sys

# What a shell says of a program that Ctrl-C has ended.
INTERRUPTED = 130


def main() -> None:
    """Load the command and run it."""
    try:
        from nightshift.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
