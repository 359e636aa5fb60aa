"""Reviews: flagged promotions that a person decides."""
