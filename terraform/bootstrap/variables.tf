variable "subscription_id" {
  description = "Azure subscription of the state."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id)) && var.subscription_id != "00000000-0000-0000-0000-000000000000"
    error_message = "subscription_id = ${var.subscription_id}: give your subscription's id (az account show --query id)."
  }
}

variable "location" {
  description = "Azure region, by its short name."
  type        = string
  default     = "westeurope"
}

variable "replication" {
  description = "Redundancy of the state: GZRS or GRS (a second region), ZRS (three zones), LRS (one building)."
  type        = string
  default     = "GZRS"

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS"], var.replication)
    error_message = "replication = ${var.replication}: use GZRS or GRS (a second region), ZRS (three zones) or LRS (one building)."
  }

  # learn.microsoft.com/azure/reliability/regions-list, of 2025-03-21.
  validation {
    condition     = !contains(["GRS", "GZRS"], var.replication) || !contains(["italynorth", "polandcentral", "spaincentral"], var.location)
    error_message = "replication = ${var.replication}: ${var.location} has no paired region to keep a second copy in. Use ZRS there."
  }

  validation {
    condition     = !contains(["ZRS", "GZRS"], var.replication) || !contains(["northcentralus", "ukwest", "westcentralus", "westus"], var.location)
    error_message = "replication = ${var.replication}: ${var.location} has no zones. Use GRS there."
  }
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 addresses and ranges that Terraform runs from; a runner inside a network comes by virtual_network_subnet_ids."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(regex("^[0-9.]+(/([0-9]|[12][0-9]|30|32))?$", range)) && can(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0))])
    error_message = "allowed_ip_ranges: give addresses such as 203.0.113.5, or ranges up to /30 such as 203.0.113.0/28; storage firewalls refuse /31. Mend: ${join(", ", var.allowed_ip_ranges)}."
  }

  # learn.microsoft.com/azure/storage/common/storage-network-security-limitations: only public addresses.
  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : !can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])
    error_message = "allowed_ip_ranges: storage firewalls refuse private addresses (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16); give the public ones that calls come from. Mend: ${join(", ", [for range in var.allowed_ip_ranges : range if can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])}."
  }

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : try(cidrhost(range, 0) == split("/", range)[0], true)])
    error_message = "allowed_ip_ranges: a range must begin at its first address. Mend: ${join(", ", [for range in var.allowed_ip_ranges : "${range} (write ${cidrhost(range, 0)}/${split("/", range)[1]}, or the one address)" if try(cidrhost(range, 0) != split("/", range)[0], false)])}."
  }
}

variable "virtual_network_subnet_ids" {
  description = "Subnets, with the service endpoint Microsoft.Storage, that Terraform runs in."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.virtual_network_subnet_ids) + length(var.allowed_ip_ranges) > 0
    error_message = "allowed_ip_ranges and virtual_network_subnet_ids are both empty: then nobody can read the state. Name where Terraform runs."
  }
}

variable "state_writers" {
  description = "Entra object ids of the people and pipelines that run Terraform."
  type        = list(string)

  validation {
    condition     = length(var.state_writers) > 0
    error_message = "state_writers is empty: then nobody may write the state. Name at least yourself (az ad signed-in-user show --query id)."
  }
}

variable "plan_readers" {
  description = "Entra object ids of who plans and never applies, such as the identities of the nightly drift plan."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
