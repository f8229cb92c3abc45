mock_provider "aws" {}

variables {
  alias  = "alias/orders-dev"
  policy = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
}

run "rotates_and_waits_before_it_is_deleted" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must rotate, and wait 30 days before it is deleted."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/orders-dev"
    error_message = "Roles know the key by its alias."
  }
}

run "refuses_an_alias_of_aws" {
  command         = plan
  expect_failures = [var.alias]

  variables {
    alias = "alias/aws/sqs"
  }
}

run "refuses_a_policy_that_is_none" {
  command         = plan
  expect_failures = [var.policy]

  variables {
    policy = "all of it"
  }
}
