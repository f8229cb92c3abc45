resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = var.policy
}

resource "aws_cloudwatch_log_resource_policy" "unmatched" {
  policy_name = "${var.name}-pq-unmatched"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LogUnmatched"
      Effect    = "Allow"
      Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = ["${aws_cloudwatch_log_group.unmatched.arn}:*"]
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.unmatched.arn }
        StringEquals = { "aws:SourceAccount" = var.account }
      }
    }]
  })
}
