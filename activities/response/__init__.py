"""Response: alerts, incidents and mitigations."""
