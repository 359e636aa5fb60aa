"""Sweeps: compare what was ordered with what has happened, finish it, or page."""
