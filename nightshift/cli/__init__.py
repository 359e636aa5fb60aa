"""The ``nightshift`` command, for people and scripts: speaks HTTP to a running app, local or in Azure."""
