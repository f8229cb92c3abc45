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
  streams = {
    journal = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal/stream/2026-01-01T00:00:00.000"
  }
  delay_queue   = "orders-dev-pq-delay"
  failure_queue = "orders-dev-pq-relay-failures"
  policies = {
    role     = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    trust    = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    delay    = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    failures = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  }
}

run "loses_nothing_and_keeps_order" {
  command = apply

  assert {
    condition     = alltrue([for mapping in values(aws_lambda_event_source_mapping.stream) : mapping.starting_position == "TRIM_HORIZON" && mapping.parallelization_factor == 1])
    error_message = "The relay must begin at the oldest record and read a shard in order."
  }

  assert {
    condition     = alltrue([for mapping in values(aws_lambda_event_source_mapping.stream) : mapping.bisect_batch_on_function_error && length(mapping.destination_config) == 1])
    error_message = "What fails must be parted from the rest and kept."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream["journal"].maximum_record_age_in_seconds < 86400
    error_message = "A record must be set aside before its stream forgets it."
  }
}

run "refuses_to_read_nothing" {
  command         = plan
  expect_failures = [var.streams]

  variables {
    streams = {}
  }
}
