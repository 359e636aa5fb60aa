variable "resource_group_name" {
  description = "Resource group of the topics."
  type        = string
}

variable "location" {
  description = "Azure region; a system topic lies where its source does."
  type        = string
}

variable "stem" {
  description = "What every name of this environment holds, such as nightshift-dev."
  type        = string
}

variable "topic_name" {
  description = "Name of the topic for lifecycle events; it is part of a public DNS name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{3,50}$", var.topic_name))
    error_message = "topic_name = ${var.topic_name}: Event Grid names are 3 to 50 letters, digits and hyphens. Shorten name."
  }
}

variable "source_account_id" {
  description = "Storage account whose new blobs are reported."
  type        = string
}

variable "public_network_access_enabled" {
  description = "Whether the topic answers outside the network."
  type        = bool
  default     = false
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that may publish where public access is on."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
