"""Uploads: what arrives, the check of its contract, and the queue of each model."""
