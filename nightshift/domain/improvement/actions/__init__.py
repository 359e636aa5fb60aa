"""What the improvement loop can do to a model: a file for each action, and the table that names them."""
