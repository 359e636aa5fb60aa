"""The night's report: what needs a person, and what happened."""
