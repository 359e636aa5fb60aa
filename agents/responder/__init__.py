"""The responder's decisions: how an alert is judged, whether to act on an incident, and what a mitigation may do."""
