"""``python -m cli`` is ``nightshift``."""

from cli.main import main

if __name__ == "__main__":
    main()
