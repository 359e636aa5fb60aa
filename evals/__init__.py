"""Evaluation of the agents without a cloud."""
