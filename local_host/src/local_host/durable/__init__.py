"""A durable engine on SQLite that runs azure-functions-durable orchestrators through their official executor."""
