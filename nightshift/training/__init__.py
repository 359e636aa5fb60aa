"""What runs on Databricks: steps (pure) and jobs (thin mains). Ships with domain and validation alone."""
