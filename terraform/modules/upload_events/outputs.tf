output "subscription_id" {
  description = "Id of the event subscription."
  value       = azurerm_eventgrid_system_topic_event_subscription.uploads.id
}
