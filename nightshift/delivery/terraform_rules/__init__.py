"""What Azure refuses at apply, or applies and does not run, as rules over the planned values of each environment.

``python -m nightshift.delivery.terraform_rules`` plans every environment with mocked providers and holds the rules of
``table.RULES`` against what is planned. docs/adr/0026-rules-over-plans.md says why, and what the rules cannot see.
"""
