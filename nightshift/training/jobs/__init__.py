"""Entry points of the Databricks tasks, and their way to blob storage and MLflow."""
