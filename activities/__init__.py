"""What touches the world: one file per step, its body under its declaration; the folders are features."""
