"""Application services: what several steps or doors do with the ports, and that is no activity."""
