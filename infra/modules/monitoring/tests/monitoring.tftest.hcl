mock_provider "aws" {}

variables {
  name = "orders-dev"
  alarms = {
    dead = {
      name        = "orders-dev-dead-letters-keep-stock"
      description = "A dead letter. Runbook: docs/runbooks/dead-letters.md"
      namespace   = "PulseQueue"
      metric      = "pulsequeue_dead_letters_total"
      dimensions  = { handler = "keep-stock" }
      statistic   = "Sum"
      period      = 60
      periods     = 1
      threshold   = 0
    }
  }
  topic_arn = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
  dashboard = "{\"widgets\":[]}"
}

run "every_alarm_reaches_somebody" {
  command = plan

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.alarm_actions == toset([var.topic_arn])])
    error_message = "Each alarm must have the topic as action."
  }
}

run "refuses_an_alarm_without_a_runbook" {
  command         = plan
  expect_failures = [var.alarms]

  variables {
    alarms = {
      dead = {
        name        = "x"
        description = "Something is wrong."
        namespace   = "PulseQueue"
        metric      = "x"
        dimensions  = {}
        statistic   = "Sum"
        period      = 60
        periods     = 1
        threshold   = 0
      }
    }
  }
}

run "refuses_to_watch_nothing" {
  command         = plan
  expect_failures = [var.alarms]

  variables {
    alarms = {}
  }
}
