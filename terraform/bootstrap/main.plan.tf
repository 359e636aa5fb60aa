# Who plans and changes nothing, such as the nightly drift plan: reads what Azure has, and the state.
locals {
  subscription = "/subscriptions/${var.subscription_id}"
}

# azurerm reads these two with a POST, which Reader does not include, and gives up without them: the topic's keys
# (eventgrid_topic_resource.go), which are switched off, and an app's settings (linux_function_app_resource.go), which hold
# no secret here. Where it may not list other keys (Service Bus, storage, Log Analytics) it goes on.
resource "azurerm_role_definition" "plan" {
  name        = "Nightshift plan reader"
  description = "What a plan of Terraform reads beside Reader: the Event Grid topic's keys, which are switched off, and an app's settings."
  scope       = local.subscription

  permissions {
    actions = [
      "Microsoft.EventGrid/topics/listKeys/action",
      "Microsoft.Web/sites/config/list/action",
    ]
  }

  assignable_scopes = [local.subscription]
}

resource "azurerm_role_assignment" "plan_reader" {
  for_each = toset(var.plan_readers)

  scope                = local.subscription
  role_definition_name = "Reader"
  principal_id         = each.key
  description          = "Plans without applying: reads what there is."
}

resource "azurerm_role_assignment" "plan" {
  for_each = toset(var.plan_readers)

  scope              = local.subscription
  role_definition_id = azurerm_role_definition.plan.role_definition_resource_id
  principal_id       = each.key
  description        = "Plans without applying: what azurerm reads beside Reader."
}

resource "azurerm_role_assignment" "plan_state" {
  for_each = toset(var.plan_readers)

  scope                = azurerm_storage_account.state.id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = each.key
  description          = "Plans without applying: reads the state, without locking it."
}
