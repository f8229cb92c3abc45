mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "orders-dev-audit-111111111111"
      arn = "arn:aws:s3:::orders-dev-audit-111111111111"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111111111111:role/orders-dev-audit-config"
    }
  }
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

variables {
  name               = "orders-dev-audit"
  account            = "111111111111"
  region             = "eu-central-1"
  data_tables        = ["arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-"]
  retention_days     = 365
  findings_topic_arn = "arn:aws:sns:eu-central-1:111111111111:orders-dev-alarms"
}

run "records_everywhere_and_cannot_be_forged" {
  command = apply

  assert {
    condition     = aws_cloudtrail.this["orders-dev-audit"].is_multi_region_trail && aws_cloudtrail.this["orders-dev-audit"].enable_log_file_validation
    error_message = "The trail must cover every region and be verifiable."
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.records.rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "Nobody may delete a record."
  }

  assert {
    condition     = aws_guardduty_detector_feature.lambda["orders-dev-audit"].status == "ENABLED"
    error_message = "GuardDuty must watch functions."
  }
}

run "leaves_out_what_the_organization_runs" {
  command = apply

  variables {
    services = []
  }

  assert {
    condition     = length(aws_cloudtrail.this) + length(aws_config_configuration_recorder.this) + length(aws_guardduty_detector.this) == 0
    error_message = "Nothing must run twice."
  }
}

run "refuses_a_service_it_does_not_know" {
  command         = plan
  expect_failures = [var.services]

  variables {
    services = ["macie"]
  }
}
