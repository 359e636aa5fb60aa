"""The ledger: what an order in it owes."""
