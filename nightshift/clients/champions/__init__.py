"""Champions: the alias, every move of it, and what serves."""
