"""The demo: a lifecycle that runs live on a real stack, checked step by step."""
