"""The watch: what the sweeps and the app keep about themselves."""
