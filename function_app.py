"""The deployed app."""

from nightshift.wiring.app import create_app

app = create_app()
