locals {
  # A private app that takes alerts is public for one service tag, and App Service authentication still asks for a token.
  public_network_access_enabled = !var.private || var.alert_webhook

  ip_restrictions = concat(
    var.alert_webhook ? [{ name = "action-groups", service_tag = "ActionGroup", ip_address = null }] : [],
    var.push_events ? [{ name = "event-grid", service_tag = "AzureEventGrid", ip_address = null }] : [],
    var.private ? [] : [for index, range in var.allowed_ip_ranges : { name = "allowed-${index}", service_tag = null, ip_address = range }],
  )
  scm_ip_restrictions = var.private ? [] : [for index, range in var.allowed_ip_ranges : { name = "allowed-${index}", service_tag = null, ip_address = range }]

  # Called by what cannot sign in: the platform's health check, and Event Grid's push to a public app, which has a key of
  # the host.
  open_paths = concat(
    ["/api/health"],
    var.push_events ? ["/runtime/webhooks/eventgrid"] : [],
  )

  sign_in_endpoint  = "https://login.microsoftonline.com/${var.sign_in.tenant_id}/v2.0"
  allowed_audiences = [var.sign_in.client_id, var.sign_in.identifier_uri]
}
