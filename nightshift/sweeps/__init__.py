"""The watch: sweeps that compare what is with what should be."""
