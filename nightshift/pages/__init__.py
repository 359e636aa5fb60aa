"""The pages for people: what needs them now, reviews, runs and incidents, rendered on the server."""
