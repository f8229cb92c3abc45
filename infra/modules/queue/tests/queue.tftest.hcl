mock_provider "aws" {}

variables {
  name    = "orders-dev-keep-stock"
  policy  = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  key_arn = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
  dead_letters = {
    queue_arn    = "arn:aws:sqs:eu-central-1:111111111111:orders-dev-keep-stock-dlq"
    max_receives = 20
  }
}

run "is_encrypted_and_has_a_dead_letter_queue" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.key_arn
    error_message = "The queue must be encrypted with the key it is given."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 20
    error_message = "What was received 20 times must go to the dead-letter queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.this.redrive_allow_policy).redrivePermission == "denyAll"
    error_message = "Nobody may use a working queue as a dead-letter queue."
  }
}

run "a_dead_letter_queue_names_its_sources" {
  command = plan

  variables {
    name              = "orders-dev-keep-stock-dlq"
    dead_letters      = null
    source_queue_arns = ["arn:aws:sqs:eu-central-1:111111111111:orders-dev-keep-stock"]
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.this.redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-central-1:111111111111:orders-dev-keep-stock"]
    error_message = "Only the named queue may send its dead letters."
  }
}

run "an_ordered_queue_keeps_groups_apart" {
  command = plan

  variables {
    name = "orders-dev-keep-stock.fifo"
  }

  assert {
    condition     = aws_sqs_queue.this.fifo_queue && aws_sqs_queue.this.fifo_throughput_limit == "perMessageGroupId"
    error_message = "A name that ends in .fifo makes a FIFO queue with throughput per group."
  }
}

run "refuses_a_name_that_sqs_does_not_take" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "orders.dev"
  }
}
