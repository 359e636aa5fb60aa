"""The critic: whether a challenger of the improvement loop is good enough, and what is missing."""
