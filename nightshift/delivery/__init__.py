"""From a commit to a running app: build the package, hold the gate, deploy, roll back. Never deployed itself."""
