variable "display_name" {
  description = "Name under which people see the app in Entra."
  type        = string
}

variable "host_name" {
  description = "Public host name of the function app; sign-in returns there."
  type        = string
}

variable "tenant_id" {
  description = "Entra tenant."
  type        = string
}

variable "identity_principal_id" {
  description = "Principal id of the app's managed identity, which stands in for a client secret."
  type        = string
}

variable "members" {
  description = "Object ids of the people, groups and applications of each app role."
  type = object({
    Reader      = list(string)
    Reviewer    = list(string)
    Operator    = list(string)
    AlertWriter = list(string)
  })

  validation {
    condition = alltrue([
      for id in concat(values(var.members)...) : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))
    ])
    error_message = "app_role_members: give object ids (az ad group show --group NAME --query id), not names. Mend: ${join(", ", [for id in concat(values(var.members)...) : id if !can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])}."
  }
}

variable "owners" {
  description = "Object ids of everybody who applies Terraform, as owners of the registration; whoever applies where it is empty."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.owners : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])
    error_message = "app_owners: give object ids of people and applications (az ad signed-in-user show --query id), not names; a group cannot own. Mend: ${join(", ", var.owners)}."
  }
}

variable "alert_webhook" {
  description = "Whether Azure Monitor's action groups may send alerts."
  type        = bool
}
