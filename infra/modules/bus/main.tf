locals {
  # EventBridge takes patterns of 2,048 characters. Beyond, what is known is told by the first word of its type.
  longest_pattern = 2048
  words           = toset([for type in var.known_types : split(".", type)[0]])
  unmatched_exact = jsonencode({ detail-type = [{ anything-but = sort(var.known_types) }] })
  unmatched_words = jsonencode({ detail-type = [{ anything-but = { prefix = sort(local.words) } }] })
}

resource "aws_cloudwatch_event_bus" "this" {
  name               = var.name
  kms_key_identifier = var.key_arn
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = substr(var.name, 0, 48)
  description      = "Every event of ${var.name}, for replay"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_days
}

# What no rule waits for would vanish without a trace.
resource "aws_cloudwatch_event_rule" "unmatched" {
  name           = "${var.name}-pq-unmatched"
  description    = "Events that no handler of ${var.name} waits for"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = length(local.unmatched_exact) <= local.longest_pattern ? local.unmatched_exact : local.unmatched_words
}

resource "aws_cloudwatch_log_group" "unmatched" {
  name              = "/aws/events/${var.name}/unmatched"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_event_target" "unmatched" {
  rule           = aws_cloudwatch_event_rule.unmatched.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_cloudwatch_log_group.unmatched.arn

  depends_on = [aws_cloudwatch_log_resource_policy.unmatched]
}
