"""``python -m nightshift.cli`` is ``nightshift``."""

from nightshift.cli.main import main

if __name__ == "__main__":
    main()
