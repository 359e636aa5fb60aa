# Reads an environment's or example's own tfvars, so that the tests plan what is shipped and not a copy of it.
terraform {
  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}

output "dev" {
  value = provider::terraform::decode_tfvars(file("${path.module}/../../envs/dev.tfvars"))
}

output "qa" {
  value = provider::terraform::decode_tfvars(file("${path.module}/../../envs/qa.tfvars"))
}

output "prod" {
  value = provider::terraform::decode_tfvars(file("${path.module}/../../envs/prod.tfvars"))
}

output "smallest" {
  value = provider::terraform::decode_tfvars(file("${path.module}/../../examples/smallest.tfvars"))
}

output "private" {
  value = provider::terraform::decode_tfvars(file("${path.module}/../../examples/private.tfvars"))
}
