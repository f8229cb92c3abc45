locals {
  # Streams keep a day. What cannot be carried is set aside well before, and its shard goes on.
  oldest_record_seconds = 6 * 3600
  batch_size            = 100
  visibility_timeout    = 6 * var.function.timeout
  max_receives          = 20
}

module "function" {
  source = "../function"

  function = var.function
  settings = var.settings
  policies = { role = var.policies.role, trust = var.policies.trust }
}

module "failures" {
  source = "../queue"

  name              = var.failure_queue
  policy            = var.policies.failures
  key_arn           = var.settings.key_arn
  source_queue_arns = [module.delays.arn]
}

module "delays" {
  source = "../queue"

  name               = var.delay_queue
  policy             = var.policies.delay
  key_arn            = var.settings.key_arn
  visibility_timeout = local.visibility_timeout
  dead_letters       = { queue_arn = module.failures.arn, max_receives = local.max_receives }
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = var.streams

  event_source_arn                   = each.value
  function_name                      = module.function.live_arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = local.batch_size
  maximum_batching_window_in_seconds = 0
  # A key's events are in one shard, and a shard is read by one function at once: more would lose their order.
  parallelization_factor         = 1
  bisect_batch_on_function_error = true
  maximum_record_age_in_seconds  = local.oldest_record_seconds
  maximum_retry_attempts         = -1
  function_response_types        = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      # What TTL removes is no news.
      pattern = jsonencode({ eventName = ["INSERT", "MODIFY"] })
    }
  }

  destination_config {
    on_failure {
      destination_arn = module.failures.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "delays" {
  event_source_arn                   = module.delays.arn
  function_name                      = module.function.live_arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 10
  }
}
