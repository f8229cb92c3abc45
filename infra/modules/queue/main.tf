locals {
  fifo = endswith(var.name, ".fifo")
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  fifo_queue                 = local.fifo
  visibility_timeout_seconds = var.visibility_timeout
  # As long as SQS keeps: an outage that nobody handles over two weekends loses nothing.
  message_retention_seconds = 1209600
  # A receive waits for a message instead of asking again and again.
  receive_wait_time_seconds = 20

  # Each group at its own pace: one key's events do not wait for another's.
  deduplication_scope   = local.fifo ? "messageGroup" : null
  fifo_throughput_limit = local.fifo ? "perMessageGroupId" : null

  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300

  redrive_policy = var.dead_letters == null ? null : jsonencode({
    deadLetterTargetArn = var.dead_letters.queue_arn
    maxReceiveCount     = var.dead_letters.max_receives
  })
}
