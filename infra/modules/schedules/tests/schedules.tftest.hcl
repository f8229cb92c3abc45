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
  group = "orders-dev"
  role = {
    name         = "orders-dev-pq-scheduler"
    policy       = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    trust        = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    boundary_arn = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
  }
  ticker = {
    name = "orders-dev-pq-ticker"
    arn  = "arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-pq-ticker:live"
  }
  failure_queue_arn = "arn:aws:sqs:eu-central-1:111111111111:orders-dev-pq-relay-failures"
  key_arn           = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "starts_the_ticker_every_minute" {
  command = apply

  assert {
    condition     = aws_scheduler_schedule.ticker.schedule_expression == "rate(1 minutes)" && aws_scheduler_schedule.ticker.target[0].arn == var.ticker.arn
    error_message = "The ticker must be started every minute, by its alias."
  }

  assert {
    condition     = aws_scheduler_schedule.ticker.target[0].dead_letter_config[0].arn == var.failure_queue_arn
    error_message = "A start that failed must be kept."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.role.boundary_arn
    error_message = "The role must have the boundary."
  }
}
