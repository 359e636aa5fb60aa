"""The dataset contract engine: holds one file against a model's contract without loading it whole."""
