"""A kill loop on the whole local stack: see ``python -m benchmarks.kill_loop --help``."""
