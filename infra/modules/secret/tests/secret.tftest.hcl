mock_provider "aws" {
  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:orders-dev/payments-webhook-AbCdEf"
    }
  }
}

variables {
  name    = "orders-dev/payments-webhook"
  origin  = "payments team"
  account = "111111111111"
  key_arn = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "is_encrypted_and_closed_to_other_accounts" {
  command = apply

  assert {
    condition     = aws_secretsmanager_secret.this.kms_key_id == var.key_arn
    error_message = "The secret must be encrypted with the key it is given."
  }

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_policy.this.policy).Statement[1].Condition.StringNotEquals["aws:PrincipalAccount"] == "111111111111"
    error_message = "Another account must be refused."
  }
}

run "refuses_an_account_that_is_none" {
  command         = plan
  expect_failures = [var.account]

  variables {
    account = "1"
  }
}
