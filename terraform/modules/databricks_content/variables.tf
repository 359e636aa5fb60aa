variable "environment" {
  description = "dev, qa or prod."
  type        = string
}

variable "name" {
  description = "Name of the platform; catalog, pool and policy carry it."
  type        = string
}

variable "tags" {
  description = "Budget tags of clusters and pool; Azure bills virtual machines under them."
  type        = map(string)
}

variable "service_principals" {
  description = "Client ids of the managed identities that become service principals of the workspace."
  type = object({
    app      = string
    training = string
  })
}

variable "storage" {
  description = "The data account, and how Unity Catalog reaches it."
  type = object({
    account_name        = string
    catalog_container   = string
    access_connector_id = string
    managed_identity_id = string
  })
}

variable "job_definitions" {
  description = "The jobs, as training/job_definitions/*.yml define them."
  type        = any

  # Terraform passes over what it does not name; a field that is silently dropped would be a job that differs from the
  # one that the tests ran. webhook_notifications is the exception: Azure lets no call of Databricks in, so jobs are polled.
  validation {
    condition = alltrue([
      for job in var.job_definitions : length(setsubtract(keys(job), [
        "name", "description", "tags", "parameters", "tasks", "job_clusters", "timeout_seconds", "max_concurrent_runs", "queue",
      ])) == 0
    ])
    error_message = "job_definitions: a job has a field that modules/databricks_content does not deploy. Add it there, or take it out of the file."
  }

  validation {
    condition = alltrue(flatten([
      for job in var.job_definitions : [
        for task in job.tasks : length(setsubtract(keys(task), [
          "task_key", "description", "job_cluster_key", "max_retries", "timeout_seconds", "depends_on", "python_wheel_task",
        ])) == 0
      ]
    ]))
    error_message = "job_definitions: a task has a field that modules/databricks_content does not deploy. Add it there, or take it out of the file."
  }

  validation {
    condition = alltrue(flatten([
      for job in var.job_definitions : [
        for cluster in job.job_clusters : length(setsubtract(keys(cluster.new_cluster), [
          "spark_version", "node_type_id", "num_workers", "data_security_mode", "spark_conf", "custom_tags",
        ])) == 0
      ]
    ]))
    error_message = "job_definitions: a cluster has a field that modules/databricks_content does not deploy. Add it there, or take it out of the file."
  }

  # The pool decides the machine; a file that asks for another would be told a lie.
  validation {
    condition = length(distinct(flatten([
      for job in var.job_definitions : [for cluster in job.job_clusters : cluster.new_cluster.node_type_id]
    ]))) == 1
    error_message = "job_definitions: all clusters must name one node_type_id, because they share an instance pool."
  }
}

variable "metastore_id" {
  description = "Unity Catalog metastore that the workspace is attached to; empty where the account attaches it by itself or somebody has done it."
  type        = string
  default     = ""

  validation {
    condition     = var.metastore_id == "" || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.metastore_id))
    error_message = "databricks.metastore_id = ${var.metastore_id}: give the metastore's id (databricks metastores list, or the account console), not its name."
  }
}

variable "workspace_id" {
  description = "Databricks' own number of the workspace."
  type        = string
}

variable "account_id" {
  description = "Databricks account; with run_as_users only."
  type        = string
  default     = ""
}

variable "run_as_users" {
  description = "Who may give jobs to the training principal, as users/NAME, groups/NAME or servicePrincipals/APPLICATION-ID: whoever applies. Empty where it is granted by hand."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for user in var.run_as_users : can(regex("^(users|groups|servicePrincipals)/[^ ]+$", user))])
    error_message = "databricks.run_as_users: give users/NAME, groups/NAME or servicePrincipals/APPLICATION-ID. Mend: ${join(", ", var.run_as_users)}."
  }

  validation {
    condition     = length(var.run_as_users) == 0 || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.account_id))
    error_message = "databricks.account_id = ${var.account_id}: run_as_users needs the Databricks account's id (the account console shows it)."
  }
}

variable "wheel" {
  description = "File name of the training wheel in the volume wheels."
  type        = string

  validation {
    condition     = can(regex("^nightshift_training-[0-9A-Za-z.+]+-py3-none-any\\.whl$", var.wheel))
    error_message = "databricks.wheel = ${var.wheel}: name the file that `uv build --wheel training` has made, such as nightshift_training-0.1.0-py3-none-any.whl."
  }
}

variable "git_commit" {
  description = "Commit that the wheel was built from; training writes it to every MLflow run."
  type        = string
}

variable "pool" {
  description = "Instance pool: machines kept idle, the most at once, minutes until an idle one goes, spot or not."
  type = object({
    min_idle     = number
    max_capacity = number
    idle_minutes = number
    spot         = bool
  })

  validation {
    condition     = var.pool.max_capacity >= 1 && var.pool.min_idle <= var.pool.max_capacity
    error_message = "databricks.pool: max_capacity = ${var.pool.max_capacity} must be at least 1, and min_idle = ${var.pool.min_idle} not more than that."
  }
}

variable "max_dbus_per_hour" {
  description = "Most that one cluster of a job may use, in DBU per hour."
  type        = number
}

variable "grants" {
  description = "The table of Unity Catalog grants (roles.yml)."
  type = list(object({
    who        = string
    scope      = string
    privileges = list(string)
    reason     = string
  }))

  validation {
    condition     = alltrue([for row in var.grants : !contains(row.privileges, "ALL_PRIVILEGES")])
    error_message = "grants: ALL_PRIVILEGES is no privilege but the absence of a decision. Name what is needed."
  }

  validation {
    condition     = alltrue([for row in var.grants : contains(["catalog", "schema", "wheels", "service_credential"], row.scope)])
    error_message = "grants: unknown scope: ${join(", ", [for row in var.grants : row.scope if !contains(["catalog", "schema", "wheels", "service_credential"], row.scope)])}. Known: catalog, schema, wheels, service_credential."
  }
}

variable "permissions" {
  description = "The table of workspace permissions (roles.yml)."
  type = list(object({
    who    = string
    scope  = string
    level  = string
    reason = string
  }))

  validation {
    condition     = alltrue([for row in var.permissions : contains(["jobs", "policy", "pool", "experiments"], row.scope)])
    error_message = "permissions: unknown scope: ${join(", ", [for row in var.permissions : row.scope if !contains(["jobs", "policy", "pool", "experiments"], row.scope)])}. Known: jobs, policy, pool, experiments."
  }
}
