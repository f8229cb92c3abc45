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
  policies = {
    role  = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    trust = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  }
}

run "is_one_function_with_one_bounded_role" {
  command = apply

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.settings.boundary_arn
    error_message = "The role must have the boundary."
  }

  assert {
    condition     = aws_iam_role_policy.this.policy == var.policies.role && length(aws_iam_role_policy.network) == 0
    error_message = "The role must have the derived policy, and none for a network it does not need."
  }

  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["arm64"]) && aws_lambda_function.this.publish
    error_message = "The function must run on arm64 and be published as a version."
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "7"
    error_message = "The alias must be at the newest version."
  }
}

run "its_log_is_kept_and_encrypted" {
  command = apply

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 14 && aws_cloudwatch_log_group.this.kms_key_id == var.settings.key_arn
    error_message = "The log group must have retention and the key."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON"
    error_message = "Logs must be JSON."
  }
}

run "refuses_a_runtime_out_of_support" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = {
      runtime            = "nodejs20.x"
      environment        = {}
      boundary_arn       = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
      key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
      log_retention_days = 14
    }
  }
}

run "refuses_a_secret_in_the_environment" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = {
      runtime            = "nodejs22.x"
      environment        = { PAYMENT_API_KEY = "x" }
      boundary_arn       = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
      key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
      log_retention_days = 14
    }
  }
}
