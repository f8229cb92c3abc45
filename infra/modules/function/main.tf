# Made before the function, so that it has retention and encryption from the first line on; the role may not make one itself.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.function.name}"
  retention_in_days = var.settings.log_retention_days
  kms_key_id        = var.settings.key_arn
}

resource "aws_lambda_function" "this" {
  function_name    = var.function.name
  role             = aws_iam_role.this.arn
  runtime          = var.settings.runtime
  architectures    = ["arm64"]
  handler          = "index.handler"
  filename         = var.function.bundle
  source_code_hash = filebase64sha256(var.function.bundle)
  timeout          = var.function.timeout
  memory_size      = var.function.memory
  publish          = true

  kms_key_arn                    = var.settings.key_arn
  code_signing_config_arn        = var.settings.code_signing_config_arn
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)

  environment {
    variables = var.settings.environment
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.network]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What events and callers reach"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    # An apply publishes versions. Which of them has the traffic is decided by `pulsequeue deploy` and `pulsequeue rollback`, while alarms are watched.
    ignore_changes = [function_version, routing_config]
  }
}
