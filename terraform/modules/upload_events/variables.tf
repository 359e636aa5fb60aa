variable "resource_group_name" {
  description = "Resource group of the system topic."
  type        = string
}

variable "system_topic_name" {
  description = "System topic of the storage account, whose own identity delivers."
  type        = string
}

variable "source_account_id" {
  description = "Storage account whose new blobs are reported."
  type        = string
}

variable "source_container" {
  description = "Container whose new blobs are reported."
  type        = string
  default     = "bronze"
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
    condition     = var.delivery == "queue" || !var.private
    error_message = "blob_event_delivery = push: Event Grid cannot push to a private function app. Use queue, or private = false in an environment without real data."
  }
}

variable "private" {
  description = "Whether the app is reached through the network only."
  type        = bool
}

variable "queue_id" {
  description = "The queue for blob events."
  type        = string
}

variable "function_id" {
  description = "The app's Event Grid function, for push. It must be deployed: Event Grid refuses one that is not there."
  type        = string
}

variable "dead_letter_container" {
  description = "Container of the source account for events that cannot be delivered."
  type        = string
}
