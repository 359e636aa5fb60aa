variable "resource_group" {
  description = "Resource group of logs and alerts."
  type = object({
    id   = string
    name = string
  })
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "stem" {
  description = "What every name of this environment holds, such as nightshift-dev."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}

variable "private" {
  description = "Whether logs are written and read through the network only."
  type        = bool
  default     = true
}

variable "retention_days" {
  description = "For how many days logs are kept."
  type        = number

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "log_retention_days = ${var.retention_days}: use 30 to 730; Log Analytics keeps no fewer and no more."
  }
}

variable "daily_quota_gb" {
  description = "Most that is taken in per day, in GB; a runaway log must not cost more than the platform."
  type        = number
}

variable "on_call_emails" {
  description = "Who is mailed when an alert fires or the budget is spent."
  type        = list(string)

  validation {
    condition     = length(var.on_call_emails) > 0 && alltrue([for address in var.on_call_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "on_call_emails: name at least one mail address; alerts that nobody gets are none."
  }
}

variable "webhook" {
  description = "Where alerts go by the secure webhook: address and app registration; null for none."
  type = object({
    url       = string
    object_id = string
    tenant_id = string
  })
  default = null
}

variable "service_bus_namespace_id" {
  description = "Namespace whose queues are watched."
  type        = string
}

variable "diagnostics" {
  description = "Resources whose logs are kept, by name: id, and log categories or groups."
  type = map(object({
    id         = string
    categories = optional(list(string), [])
    groups     = optional(list(string), [])
  }))
}

variable "thresholds" {
  description = "When the rules fire: error rate and PSI of a model, failed calls in 15 minutes, dead letters."
  type = object({
    error_rate   = number
    psi          = number
    failed_calls = number
    dead_letters = number
  })

  validation {
    condition     = var.thresholds.error_rate > 0 && var.thresholds.error_rate < 1 && var.thresholds.psi > 0
    error_message = "thresholds: error_rate = ${var.thresholds.error_rate} must be a share between 0 and 1, and psi = ${var.thresholds.psi} more than 0 (0.2 is the usual limit)."
  }
}

variable "budget" {
  description = "Monthly budget of the environment, the clusters' machines included, in the billing currency. It begins with the month in which it is made."
  type = object({
    amount = number
  })

  validation {
    condition     = var.budget.amount > 0
    error_message = "budget.amount = ${var.budget.amount}: must be more than 0."
  }
}

variable "databricks_resource_group" {
  description = "Name of the resource group in which Databricks keeps the clusters' machines."
  type        = string
}
