"""What all features share."""
