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
  description = "Storage account whose new blobs are told."
  type        = string
}

variable "source_container" {
  description = "Container whose new blobs are told."
  type        = string
  default     = "bronze"
}

variable "identity_id" {
  description = "User-assigned identity with which events are delivered and dead-lettered."
  type        = string
}

variable "delivery" {
  description = "queue: to a Service Bus queue. push: to the app's public Event Grid trigger."
  type        = string
  default     = "queue"

  validation {
    condition     = contains(["queue", "push"], var.delivery)
    error_message = "blob_event_delivery = ${var.delivery}: use queue (works everywhere) or push (public environments only)."
  }

  validation {
    condition     = var.delivery == "queue" || var.public_network_access_enabled
    error_message = "blob_event_delivery = push: Event Grid cannot push to a private function app. Use queue, or private = false in an environment without real data."
  }
}

variable "queue_id" {
  description = "The queue for blob events."
  type        = string
}

variable "function_id" {
  description = "The app's Event Grid function, for push."
  type        = string
}

variable "dead_letter_container" {
  description = "Container of the source account for events that cannot be delivered."
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
