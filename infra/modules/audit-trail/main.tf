locals {
  trail  = contains(var.services, "cloudtrail") ? { (var.name) = true } : {}
  config = contains(var.services, "config") ? { (var.name) = true } : {}
  guard  = contains(var.services, "guardduty") ? { (var.name) = true } : {}
}

resource "aws_kms_key" "this" {
  description             = "Encrypts the records of who did what"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = local.key_policy
}

resource "aws_s3_bucket" "records" {
  bucket              = "${var.name}-${var.account}"
  object_lock_enabled = true
}

resource "aws_s3_bucket_object_lock_configuration" "records" {
  bucket = aws_s3_bucket.records.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.retention_days
    }
  }
}

resource "aws_s3_bucket_versioning" "records" {
  bucket = aws_s3_bucket.records.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "records" {
  bucket = aws_s3_bucket.records.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "records" {
  bucket                  = aws_s3_bucket.records.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "records" {
  bucket = aws_s3_bucket.records.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days + 1
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }
}

resource "aws_cloudtrail" "this" {
  for_each = local.trail

  name                          = each.key
  s3_bucket_name                = aws_s3_bucket.records.id
  kms_key_id                    = aws_kms_key.this.arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true

  advanced_event_selector {
    name = "Everything that changes or reads the account's set-up, and every use of a secret"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  advanced_event_selector {
    name = "Every read and write of the tables"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::DynamoDB::Table"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = var.data_tables
    }
  }

  depends_on = [aws_s3_bucket_policy.records]
}

resource "aws_config_configuration_recorder" "this" {
  for_each = local.config

  name     = each.key
  role_arn = aws_iam_role.config[each.key].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "this" {
  for_each = local.config

  name           = each.key
  s3_bucket_name = aws_s3_bucket.records.id
  s3_kms_key_arn = aws_kms_key.this.arn

  depends_on = [aws_config_configuration_recorder.this, aws_s3_bucket_policy.records]
}

resource "aws_config_configuration_recorder_status" "this" {
  for_each = local.config

  name       = aws_config_configuration_recorder.this[each.key].name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.this]
}

resource "aws_guardduty_detector" "this" {
  for_each = local.guard

  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_detector_feature" "lambda" {
  for_each = local.guard

  detector_id = aws_guardduty_detector.this[each.key].id
  name        = "LAMBDA_NETWORK_LOGS"
  status      = "ENABLED"
}

resource "aws_cloudwatch_event_rule" "findings" {
  for_each = local.guard

  name          = "${each.key}-findings"
  description   = "Findings of GuardDuty, from medium severity on"
  event_pattern = jsonencode({ source = ["aws.guardduty"], detail-type = ["GuardDuty Finding"], detail = { severity = [{ numeric = [">=", 4] }] } })
}

# The topic has its own policy for this rule: the account stack writes it.
resource "aws_cloudwatch_event_target" "findings" {
  for_each = local.guard

  rule = aws_cloudwatch_event_rule.findings[each.key].name
  arn  = var.findings_topic_arn
}
