mock_provider "aws" {
  mock_resource "aws_cloudwatch_event_bus" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:111111111111:event-bus/orders-dev"
    }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = {
      arn = "arn:aws:events:eu-central-1:111111111111:rule/orders-dev/orders-dev-pq-unmatched"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/events/orders-dev/unmatched"
    }
  }
}

variables {
  name               = "orders-dev"
  account            = "111111111111"
  policy             = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  known_types        = ["order.placed", "order.paid"]
  archive_days       = 7
  log_retention_days = 14
  key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "what_no_rule_waits_for_is_logged" {
  command = apply

  assert {
    condition     = aws_cloudwatch_event_rule.unmatched.event_pattern == "{\"detail-type\":[{\"anything-but\":[\"order.paid\",\"order.placed\"]}]}"
    error_message = "The rule must match every other type."
  }

  assert {
    condition     = aws_cloudwatch_event_target.unmatched.arn == aws_cloudwatch_log_group.unmatched.arn
    error_message = "The rule must feed the log group."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_log_resource_policy.unmatched.policy_document).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111111111111"
    error_message = "Only this account's rule may write there."
  }
}

run "the_bus_is_encrypted_archived_and_guarded" {
  command = apply

  assert {
    condition     = aws_cloudwatch_event_bus.this.kms_key_identifier == var.key_arn
    error_message = "The bus must be encrypted with the key it is given."
  }

  assert {
    condition     = aws_cloudwatch_event_archive.this.retention_days == 7
    error_message = "The archive must keep 7 days."
  }

  assert {
    condition     = aws_cloudwatch_event_bus_policy.this.policy == var.policy
    error_message = "The bus must have its policy."
  }
}

run "many_types_are_told_by_their_first_word" {
  command = plan

  variables {
    known_types = [for number in range(500) : "order.event-${number}"]
  }

  assert {
    condition     = aws_cloudwatch_event_rule.unmatched.event_pattern == "{\"detail-type\":[{\"anything-but\":{\"prefix\":[\"order\"]}}]}"
    error_message = "A pattern must not be longer than EventBridge takes."
  }
}

run "refuses_the_accounts_own_bus" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "default"
  }
}
