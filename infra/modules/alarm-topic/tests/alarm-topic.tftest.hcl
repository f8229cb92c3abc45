mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = {
      arn = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
    }
  }
}

variables {
  name        = "orders-dev-alarms"
  account     = "111111111111"
  region      = "eu-central-1"
  subscribers = { team = { protocol = "email", endpoint = "orders-team@example.com" } }
}

run "takes_alarms_of_this_account_only" {
  command = apply

  assert {
    condition     = jsondecode(aws_sns_topic_policy.this.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111111111111"
    error_message = "Another account's alarm must be refused."
  }
}

run "refuses_to_tell_nobody" {
  command         = plan
  expect_failures = [var.subscribers]

  variables {
    subscribers = {}
  }
}
