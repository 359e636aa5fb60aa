"""The lifecycle of a run: train, evaluate, decide."""
