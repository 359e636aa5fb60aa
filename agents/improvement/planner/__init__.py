"""The planner: what to try next, from the evidence."""
