# The same in every stack. What differs is data: environment.json, and what `pulsequeue synth` writes from it and from the app.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region              = var.environment.region
  allowed_account_ids = [var.environment.account]

  default_tags {
    tags = {
      deployment  = var.names.prefix
      environment = var.environment.environment
      owner       = var.environment.owner
      managed-by  = "terraform"
    }
  }
}

module "deployment" {
  source = "../../modules/deployment"

  environment = var.environment
  runtime     = var.runtime
  names       = var.names
  tables      = var.tables
  handlers    = var.handlers
  endpoints   = var.endpoints
  services    = var.services
  secrets     = var.secrets
  parameters  = var.parameters
  alarms      = var.alarms
  dashboard   = var.dashboard
  policies    = "${path.root}/policies"
  bundles     = coalesce(var.bundles, "${path.root}/../../../build/${var.environment.environment}")
}
