resource "aws_scheduler_schedule_group" "this" {
  name = var.group
}

# One schedule for all of the app's: the function knows them, and what one start missed the next one makes up for.
resource "aws_scheduler_schedule" "ticker" {
  name                = var.ticker.name
  group_name          = aws_scheduler_schedule_group.this.name
  schedule_expression = "rate(1 minutes)"
  kms_key_arn         = var.key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.ticker.arn
    role_arn = aws_iam_role.this.arn
    input    = "{}"

    dead_letter_config {
      arn = var.failure_queue_arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
