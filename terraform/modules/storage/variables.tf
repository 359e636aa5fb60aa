variable "resource_group_name" {
  description = "Resource group of the accounts."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "data_account" {
  description = "Name of the account for data and decisions."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.data_account))
    error_message = "data_account = ${var.data_account}: storage account names are 3 to 24 lower-case letters and digits. Shorten name."
  }
}

variable "host_account" {
  description = "Name of the account of the Functions host."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.host_account))
    error_message = "host_account = ${var.host_account}: storage account names are 3 to 24 lower-case letters and digits. Shorten name."
  }
}

variable "replication" {
  description = "Redundancy of both accounts."
  type        = string

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS"], var.replication)
    error_message = "replication = ${var.replication}: use LRS (one building), ZRS (three zones), GRS or GZRS (a second region)."
  }
}

variable "public_network_access_enabled" {
  description = "Whether the accounts answer outside the network at all; even then only to allowed_ip_ranges."
  type        = bool
  default     = false
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that may call the accounts where public access is on."
  type        = list(string)
  default     = []
}

variable "access_connector_id" {
  description = "Databricks' access connector, which passes the data account's firewall as a named resource."
  type        = string
}

variable "soft_delete_days" {
  description = "For how many days deleted blobs and containers can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 365
    error_message = "soft_delete_days = ${var.soft_delete_days}: use 7 to 365, so that a mistake made before a holiday can be undone after it."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
