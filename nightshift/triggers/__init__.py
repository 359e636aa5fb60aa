"""Blueprints that face the outside: parse, authorise, start or signal. Nothing else."""
