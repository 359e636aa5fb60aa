"""What touches the world: one file per step, a plain body and its registration; the folders are features."""
