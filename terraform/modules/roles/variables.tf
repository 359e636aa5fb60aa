variable "roles" {
  description = "The role table (roles.yml): who gets which role on what, and why."
  type = list(object({
    who    = string
    role   = string
    scope  = string
    reason = string
  }))

  validation {
    condition     = alltrue([for row in var.roles : length(row.reason) >= 20 && length(row.reason) <= 400])
    error_message = "roles: give each row a reason of 20 to 400 characters; it becomes the assignment's description. Mend: ${join(", ", [for row in var.roles : "${row.role} on ${row.scope}" if length(row.reason) < 20 || length(row.reason) > 400])}."
  }

  validation {
    condition     = alltrue([for row in var.roles : !contains(["Owner", "Contributor", "User Access Administrator", "Role Based Access Control Administrator"], row.role)])
    error_message = "roles: Owner, Contributor and the administrators of access are too much for an app. Name the data-plane role that it needs."
  }

  validation {
    condition     = alltrue([for row in var.roles : contains(keys(var.principals), row.who)])
    error_message = "roles: unknown who: ${join(", ", [for row in var.roles : row.who if !contains(keys(var.principals), row.who)])}. Known: ${join(", ", keys(var.principals))}."
  }

  validation {
    condition     = alltrue([for row in var.roles : contains(keys(var.scopes), row.scope)])
    error_message = "roles: unknown scope: ${join(", ", [for row in var.roles : row.scope if !contains(keys(var.scopes), row.scope)])}. Known: ${join(", ", keys(var.scopes))}."
  }
}

variable "principals" {
  description = "By who: principal ids by a name that is known before apply. Empty where nobody is named."
  type        = map(map(string))
}

variable "managed_identities" {
  description = "Those of principals that are managed identities; the others may be people, groups or applications."
  type        = set(string)
}

variable "scopes" {
  description = "By scope: resource ids by a name that is known before apply. Empty where this environment has none."
  type        = map(map(string))
}
