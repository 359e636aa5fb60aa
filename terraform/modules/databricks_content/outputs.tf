output "model_prefix" {
  description = "What comes before a model's name in the registry."
  value       = "${databricks_catalog.this.name}.${databricks_schema.models.name}."
}

output "wheel" {
  description = "Where the training wheel must lie before a job runs."
  value       = local.wheel
}

output "jobs" {
  description = "Ids of the jobs by name."
  value       = { for name, job in databricks_job.this : name => job.id }
}
