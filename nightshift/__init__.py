"""Everything that the app, the command line and the jobs import beside agents, orchestrators and activities."""
