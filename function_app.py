"""The deployed app."""

from wiring.app import create_app

app = create_app()
