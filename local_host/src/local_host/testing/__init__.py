"""Parts of the host for tests: as processes, and a durable task hub in virtual time. Needs pytest."""
