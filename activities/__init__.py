"""What touches the world: one file per verb, a plain body ``run_x(services, message)`` and its registration."""
