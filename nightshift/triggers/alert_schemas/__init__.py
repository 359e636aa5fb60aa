"""The schemas in which alerts arrive, each turned into an AlertMessage."""
