"""The decision ledger."""
