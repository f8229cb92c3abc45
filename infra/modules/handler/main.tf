module "function" {
  source = "../function"

  function             = var.function
  settings             = var.settings
  policies             = { role = var.policies.role, trust = var.policies.trust }
  network              = var.network
  reserved_concurrency = var.reserved_concurrency
}

# Attempts are counted and ended by the engine, with their cause. This queue takes only what the engine never saw the end of.
module "dead_letter_queue" {
  source = "../queue"

  name              = var.queue.dead_letter_queue
  policy            = var.policies.dead_letter_queue
  key_arn           = var.settings.key_arn
  source_queue_arns = [module.queue.arn]
}

module "queue" {
  source = "../queue"

  name               = var.queue.name
  policy             = var.policies.queue
  key_arn            = var.settings.key_arn
  visibility_timeout = var.queue.visibility_timeout
  dead_letters       = { queue_arn = module.dead_letter_queue.arn, max_receives = var.queue.max_receives }
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = module.queue.arn
  function_name                      = module.function.live_arn
  batch_size                         = var.queue.batch_size
  maximum_batching_window_in_seconds = var.queue.batch_window
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.queue.concurrency
  }

  lifecycle {
    # Operators pause a handler here: an apply must not start it again.
    ignore_changes = [enabled]
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  count = var.rule == null ? 0 : 1

  name           = var.rule.name
  description    = "Events that ${var.function.name} waits for"
  event_bus_name = var.rule.bus
  event_pattern  = var.rule.pattern
}

resource "aws_cloudwatch_event_target" "queue" {
  count = var.rule == null ? 0 : 1

  rule           = aws_cloudwatch_event_rule.this[0].name
  event_bus_name = var.rule.bus
  arn            = module.queue.arn

  dead_letter_config {
    arn = module.dead_letter_queue.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}
