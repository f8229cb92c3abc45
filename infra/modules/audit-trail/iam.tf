locals {
  source_account = { StringEquals = { "aws:SourceAccount" = var.account } }
  trail_arn      = "arn:*:cloudtrail:${var.region}:${var.account}:trail/${var.name}"

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Administer", Effect = "Allow", Principal = { AWS = var.account }, Action = ["kms:*"], Resource = ["*"] },
      {
        Sid       = "EncryptTrail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GenerateDataKey*"]
        Resource  = ["*"]
        Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = local.trail_arn } })
      },
      {
        Sid       = "EncryptConfig"
        Effect    = "Allow"
        Principal = { Service = "config.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = ["*"]
        Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = "arn:*:config:${var.region}:${var.account}:*" } })
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "records" {
  bucket = aws_s3_bucket.records.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource  = [aws_s3_bucket.records.arn, "${aws_s3_bucket.records.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "SeeBucket"
        Effect    = "Allow"
        Principal = { Service = ["cloudtrail.amazonaws.com", "config.amazonaws.com"] }
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = [aws_s3_bucket.records.arn]
        Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = [local.trail_arn, "arn:*:config:${var.region}:${var.account}:*"] } })
      },
      {
        Sid       = "WriteTrail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["s3:PutObject"]
        Resource  = ["${aws_s3_bucket.records.arn}/AWSLogs/${var.account}/*"]
        Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = local.trail_arn } })
      },
      {
        Sid       = "WriteConfig"
        Effect    = "Allow"
        Principal = { Service = "config.amazonaws.com" }
        Action    = ["s3:PutObject"]
        Resource  = ["${aws_s3_bucket.records.arn}/AWSLogs/${var.account}/Config/*"]
        Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = "arn:*:config:${var.region}:${var.account}:*" } })
      },
    ]
  })
}

resource "aws_iam_role" "config" {
  for_each = local.config

  name        = "${each.key}-config"
  description = "With which AWS Config reads the account's resources"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeOn"
      Effect    = "Allow"
      Principal = { Service = "config.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
      Condition = merge(local.source_account, { ArnLike = { "aws:SourceArn" = "arn:*:config:${var.region}:${var.account}:*" } })
    }]
  })
}

# AWS keeps this list of reads for every service that Config knows: the one managed policy here.
resource "aws_iam_role_policy_attachment" "config" {
  for_each = local.config

  role       = aws_iam_role.config[each.key].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWS_ConfigRole"
}

data "aws_partition" "current" {}
