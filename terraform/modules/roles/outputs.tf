output "assignments" {
  description = "What was assigned, by who, role and scope."
  value       = { for key, assignment in azurerm_role_assignment.this : key => assignment.scope }
}
