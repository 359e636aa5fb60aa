"""Where the topic's key comes from."""

KEY_SETTING = "LOCAL_HOST_EVENTGRID_KEY"
"""The environment variable that holds it."""
