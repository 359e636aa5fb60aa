"""Notifications: each is owed until it is delivered."""
