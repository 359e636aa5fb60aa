"""The executor of the improvement loop."""
