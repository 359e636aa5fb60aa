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

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that Terraform runs from; a runner inside a network comes by virtual_network_subnet_ids."
  type        = list(string)
  default     = []
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

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
