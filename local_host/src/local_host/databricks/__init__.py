"""A local Databricks workspace for development: the Jobs and Clusters REST API over subprocesses."""
