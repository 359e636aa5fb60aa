variable "resource_group_name" {
  description = "Resource group of the workspace."
  type        = string
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

variable "storage_account_name" {
  description = "Name of the workspace's own storage account (DBFS root); private endpoints must know it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_account_name))
    error_message = "storage_account_name = ${var.storage_account_name}: storage account names are 3 to 24 lower-case letters and digits. Shorten name."
  }
}

variable "private" {
  description = "Whether the workspace is reached by private endpoints only."
  type        = bool
  default     = true
}

variable "network" {
  description = "The virtual network, the two subnets of the clusters and their security group associations."
  type = object({
    virtual_network_id              = string
    public_subnet_name              = string
    private_subnet_name             = string
    public_security_association_id  = string
    private_security_association_id = string
  })
}

variable "data_identity_id" {
  description = "User-assigned identity with which Databricks reaches storage."
  type        = string
}
