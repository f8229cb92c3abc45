mock_provider "aws" {
  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal"
      stream_arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal/stream/2026-01-01T00:00:00.000"
    }
  }
}

variables {
  name                = "orders-dev-pq-journal"
  policy              = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  key_arn             = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
  recovery_days       = 7
  deletion_protection = true
  stream              = true
  ttl                 = "ttl"
  indexes = {
    time = { hash = "tb", hash_type = "S", range = "q", range_type = "N" }
    flow = { hash = "c", hash_type = "S", range = "q", range_type = "N" }
  }
}

run "is_encrypted_recoverable_and_protected" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.key_arn
    error_message = "The table must be encrypted with the key it is given."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.point_in_time_recovery[0].recovery_period_in_days == 7
    error_message = "The table must be recoverable for 7 days."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table must refuse to be deleted."
  }

  assert {
    condition     = aws_dynamodb_resource_policy.this.policy == var.policy
    error_message = "The table must have its policy."
  }
}

run "declares_each_key_attribute_once" {
  command = plan

  assert {
    condition     = length(aws_dynamodb_table.this.attribute) == 5
    error_message = "p, s, tb, c and q: five attributes, q for both indexes."
  }
}

run "streams_nothing_that_nobody_reads" {
  command = plan

  variables {
    stream  = false
    ttl     = null
    indexes = {}
  }

  assert {
    condition     = !aws_dynamodb_table.this.stream_enabled && length(aws_dynamodb_table.this.ttl) == 0
    error_message = "A table without stream and TTL must have neither."
  }
}

run "refuses_more_days_than_dynamodb_keeps" {
  command         = plan
  expect_failures = [var.recovery_days]

  variables {
    recovery_days = 36
  }
}
