# What an administrator makes once in an environment's account, before its pipeline can run: the state's bucket, the pipeline's roles,
# the boundaries, who is told of alarms, and the record of who did what.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # Its values are in <environment>.s3.tfbackend.
  backend "s3" {}
}

provider "aws" {
  region              = local.env.region
  allowed_account_ids = [local.env.account]

  default_tags {
    tags = {
      deployment  = local.names.prefix
      environment = local.env.environment
      owner       = local.env.owner
      managed-by  = "terraform"
    }
  }
}

locals {
  stack    = "${path.root}/../stacks/${var.environment}"
  topology = jsondecode(file("${local.stack}/topology.auto.tfvars.json"))
  env      = local.topology.environment
  names    = local.topology.names
}

module "bootstrap" {
  source = "../modules/bootstrap"

  prefix            = local.names.prefix
  environment       = local.env.environment
  account           = local.env.account
  region            = local.env.region
  boundary          = jsonencode(jsondecode(file("${local.stack}/policies/boundary.json")))
  repository        = var.repository
  oidc_provider_arn = var.oidc_provider_arn
  state_readers     = var.administrators
}

module "alarm_topic" {
  source = "../modules/alarm-topic"

  name        = reverse(split(":", local.env.alarmTopic))[0]
  account     = local.env.account
  region      = local.env.region
  subscribers = var.subscribers
}

module "audit_trail" {
  source = "../modules/audit-trail"
  count  = length(var.audit_services) == 0 ? 0 : 1

  name               = "${local.names.prefix}-audit"
  account            = local.env.account
  region             = local.env.region
  data_tables        = ["arn:${data.aws_partition.current.partition}:dynamodb:${local.env.region}:${local.env.account}:table/${local.names.prefix}-"]
  retention_days     = var.audit_retention_days
  services           = var.audit_services
  findings_topic_arn = module.alarm_topic.arn
}

data "aws_partition" "current" {}
