mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111111111111:role/orders-dev-keep-stock"
    }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn     = "arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-keep-stock"
      version = "7"
    }
  }
  mock_resource "aws_lambda_alias" {
    defaults = {
      arn        = "arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-keep-stock:live"
      invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-keep-stock:live/invocations"
    }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-central-1:111111111111:orders-dev-keep-stock"
      url = "https://sqs.eu-central-1.amazonaws.com/111111111111/orders-dev-keep-stock"
    }
  }
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:111111111111:event-bus/orders-dev"
    }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:111111111111:rule/orders-dev/orders-dev-keep-stock"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/lambda/orders-dev-keep-stock"
    }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal"
      stream_arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal/stream/2026-01-01T00:00:00.000"
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:orders-dev/payments-webhook-AbCdEf"
    }
  }
  mock_resource "aws_backup_vault" {
    defaults = {
      arn = "arn:aws:backup:eu-central-1:111111111111:backup-vault:orders-dev"
    }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "abc123"
      execution_arn = "arn:aws:execute-api:eu-central-1:111111111111:abc123"
    }
  }
}

variables {
  environment = {
    environment        = "dev"
    account            = "111111111111"
    region             = "eu-central-1"
    owner              = "orders team"
    alarmTopic         = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
    logRetentionDays   = 14
    recoveryDays       = 7
    deletionProtection = false
    throttle           = { rate = 50, burst = 100 }
    backup             = { days = 7 }
    secrets            = { payments-webhook = "payments team" }
    network = {
      cidr     = "10.20.0.0/20"
      zones    = ["eu-central-1a", "eu-central-1b"]
      handlers = { keep-stock = "asks the warehouse, which is in a VPC" }
    }
  }
  runtime = "nodejs22.x"
  names = {
    prefix            = "orders-dev"
    bus               = "orders-dev"
    schedule_group    = "orders-dev"
    scheduler_role    = "orders-dev-pq-scheduler"
    delay_queue       = "orders-dev-pq-delay"
    relay_failures    = "orders-dev-pq-relay-failures"
    key_alias         = "alias/orders-dev"
    boundary          = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
    services_boundary = "arn:aws:iam::111111111111:policy/orders-dev-pq-services-boundary"
  }
  tables = {
    pq-journal = { name = "orders-dev-pq-journal", indexes = {}, stream = true, ttl = "ttl" }
  }
  handlers = {
    keep-stock = {
      name               = "orders-dev-keep-stock", timeout = 45, memory = 512, bundle = "main.tf", queue = "orders-dev-keep-stock", dead_letter_queue = "orders-dev-keep-stock-dlq",
      visibility_timeout = 270, max_receives = 20, batch_size = 10, batch_window = 0, concurrency = 2, pattern = "{\"detail-type\":[\"order.placed\"]}", rule = "orders-dev-keep-stock", reserved_concurrency = null
    }
    watch-orders = {
      name               = "orders-dev-watch-orders", timeout = 45, memory = 512, bundle = "main.tf", queue = "orders-dev-watch-orders", dead_letter_queue = "orders-dev-watch-orders-dlq",
      visibility_timeout = 270, max_receives = 20, batch_size = 10, batch_window = 0, concurrency = 2, pattern = "{\"detail-type\":[\"order.watched\"]}", rule = "orders-dev-watch-orders", reserved_concurrency = 1
    }
  }
  endpoints = {
    get-order = { name = "orders-dev-get-order", timeout = 30, memory = 512, bundle = "main.tf", method = "GET", path = "/orders/:id", auth = "api-key" }
  }
  services = {
    api    = { name = "orders-dev-pq-api", timeout = 30, memory = 512, bundle = "main.tf" }
    relay  = { name = "orders-dev-pq-relay", timeout = 60, memory = 512, bundle = "main.tf" }
    ticker = { name = "orders-dev-pq-ticker", timeout = 30, memory = 512, bundle = "main.tf" }
  }
  secrets    = { payments-webhook = "orders-dev/payments-webhook" }
  parameters = {}
  alarms = {
    orders-dev-api-errors = {
      kind       = "api-errors", name = "orders-dev-api-errors", description = "Runbook: docs/runbooks/api-errors.md", namespace = "AWS/ApiGateway", metric = "5xx",
      dimensions = { ApiName = "orders-dev" }, statistic = "Sum", period = 60, periods = 1, threshold = 0
    }
  }
  dashboard = "{\"widgets\":[]}"
  policies  = "../../stacks/dev/policies"
  bundles   = "." # any file: nothing is uploaded
}

run "only_the_handler_that_needs_the_network_is_in_it" {
  command = apply

  assert {
    condition     = length(module.network) == 1
    error_message = "A handler that reaches something in a VPC needs a network."
  }

  assert {
    condition     = output.secrets_to_set == { "orders-dev/payments-webhook" = "payments team" } && keys(output.mapping_ids) == ["keep-stock", "watch-orders"]
    error_message = "What has to be set, and what can be paused, must be told."
  }
}

run "without_a_network_there_is_none" {
  command = plan

  variables {
    environment = {
      environment        = "dev"
      account            = "111111111111"
      region             = "eu-central-1"
      owner              = "orders team"
      alarmTopic         = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
      logRetentionDays   = 14
      recoveryDays       = 7
      deletionProtection = false
      throttle           = { rate = 50, burst = 100 }
      backup             = { days = 7 }
      secrets            = { payments-webhook = "payments team" }
    }
  }

  assert {
    condition     = length(module.network) == 0 && length(module.managed_metrics) == 0
    error_message = "What nobody asked for must not be made."
  }
}

run "refuses_a_secret_that_nobody_sets" {
  command         = plan
  expect_failures = [var.secrets]

  variables {
    secrets = { payments-webhook = "orders-dev/payments-webhook", carrier = "orders-dev/carrier" }
  }
}

run "a_parameter_is_told_and_not_made" {
  command = plan

  variables {
    environment = {
      environment        = "dev"
      account            = "111111111111"
      region             = "eu-central-1"
      owner              = "orders team"
      alarmTopic         = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
      logRetentionDays   = 14
      recoveryDays       = 7
      deletionProtection = false
      throttle           = { rate = 50, burst = 100 }
      backup             = { days = 7 }
      parameters         = { payments-webhook = "payments team" }
    }
    secrets    = {}
    parameters = { payments-webhook = "/orders-dev/payments-webhook" }
  }

  assert {
    condition     = output.secrets_to_set == { "/orders-dev/payments-webhook" = "payments team" } && length(module.secret) == 0
    error_message = "What Parameter Store keeps must be told, and no second secret made for it."
  }
}

run "doors_are_told_whose_tokens_they_take" {
  command = plan

  variables {
    environment = {
      environment        = "dev"
      account            = "111111111111"
      region             = "eu-central-1"
      owner              = "orders team"
      alarmTopic         = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
      logRetentionDays   = 14
      recoveryDays       = 7
      deletionProtection = false
      throttle           = { rate = 50, burst = 100 }
      backup             = { days = 7 }
      secrets            = { payments-webhook = "payments team" }
      jwt                = { issuer = "https://id.example.com/", audience = "orders", keys = "https://id.example.com/keys", tenantClaim = "org" }
    }
    endpoints = {
      set-product = { name = "orders-dev-set-product", timeout = 30, memory = 512, bundle = "main.tf", method = "PUT", path = "/products/:sku", auth = "jwt" }
    }
  }

  assert {
    condition = local.door_settings.environment == {
      PULSEQUEUE_ENVIRONMENT      = "dev"
      PULSEQUEUE_ACCOUNT          = "111111111111"
      PULSEQUEUE_JWT_ISSUER       = "https://id.example.com/"
      PULSEQUEUE_JWT_AUDIENCE     = "orders"
      PULSEQUEUE_JWT_KEYS         = "https://id.example.com/keys"
      PULSEQUEUE_JWT_TENANT_CLAIM = "org"
    }
    error_message = "The functions behind the API verify tokens by themselves: they must know whose."
  }
}
