mock_provider "aws" {
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
      arn = "arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-keep-stock:live"
    }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-central-1:111111111111:orders-dev-keep-stock"
      url = "https://sqs.eu-central-1.amazonaws.com/111111111111/orders-dev-keep-stock"
    }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:111111111111:rule/orders-dev/orders-dev-keep-stock"
    }
  }
}
variables {
  function = {
    name    = "orders-dev-keep-stock"
    timeout = 45
    memory  = 512
    bundle  = "main.tf" # any file: nothing is uploaded
  }
  settings = {
    runtime            = "nodejs22.x"
    environment        = { PULSEQUEUE_ENVIRONMENT = "dev" }
    boundary_arn       = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
    key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
    log_retention_days = 14
  }
  queue = {
    name               = "orders-dev-keep-stock"
    dead_letter_queue  = "orders-dev-keep-stock-dlq"
    visibility_timeout = 270
    max_receives       = 20
    batch_size         = 10
    batch_window       = 0
    concurrency        = 2
  }
  rule = {
    name    = "orders-dev-keep-stock"
    bus     = "orders-dev"
    pattern = "{\"detail-type\":[\"order.placed\"]}"
  }
  policies = {
    role              = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    trust             = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    queue             = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    dead_letter_queue = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  }
}

run "takes_batches_and_reports_what_failed" {
  command = apply

  assert {
    condition     = aws_lambda_event_source_mapping.queue.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "One bad message must not bring back the whole batch."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.queue.batch_size == 10 && aws_lambda_event_source_mapping.queue.scaling_config[0].maximum_concurrency == 2
    error_message = "Batch size and concurrency must be those of the declaration."
  }

  assert {
    condition     = endswith(aws_lambda_event_source_mapping.queue.function_name, ":live")
    error_message = "Events must reach the alias, not the newest code."
  }
}

run "the_rule_has_a_dead_letter_queue" {
  command = apply

  assert {
    condition     = length(aws_cloudwatch_event_target.queue[0].dead_letter_config) == 1 && aws_cloudwatch_event_rule.this[0].event_pattern == var.rule.pattern
    error_message = "What the rule cannot deliver must be kept."
  }
}

run "an_ordered_handler_has_no_rule" {
  command = apply

  variables {
    queue = {
      name               = "orders-dev-keep-stock.fifo"
      dead_letter_queue  = "orders-dev-keep-stock-dlq.fifo"
      visibility_timeout = 270
      max_receives       = 20
      batch_size         = 10
      batch_window       = 0
      concurrency        = 2
    }
    rule = null
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.this) == 0
    error_message = "The relay feeds a FIFO queue."
  }
}

run "refuses_to_hide_messages_too_short" {
  command         = plan
  expect_failures = [var.queue]

  variables {
    queue = {
      name               = "orders-dev-keep-stock"
      dead_letter_queue  = "orders-dev-keep-stock-dlq"
      visibility_timeout = 269
      max_receives       = 20
      batch_size         = 10
      batch_window       = 0
      concurrency        = 2
    }
  }
}
