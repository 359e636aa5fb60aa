"""The only place where a port meets a client."""
