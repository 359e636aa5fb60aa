variable "resource_group_name" {
  description = "Resource group of the vault."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "name" {
  description = "Name of the vault."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$", var.name))
    error_message = "key vault = ${var.name}: vault names are 3 to 24 letters, digits and hyphens. Shorten name."
  }
}

variable "tenant_id" {
  description = "Entra tenant."
  type        = string
}

variable "public_network_access_enabled" {
  description = "Whether the vault answers outside the network; even then only to allowed_ip_ranges."
  type        = bool
  default     = false
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that may call the vault where public access is on."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
