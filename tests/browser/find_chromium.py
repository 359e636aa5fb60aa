"""Debian's chromium, or a browser like it: one of Playwright's own would be a download of 150 MB."""

import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"no browser in PATH (looked for {', '.join(_NAMES)}): `apt-get install chromium`"


def find_chromium() -> str | None:
    """Its path, or None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
