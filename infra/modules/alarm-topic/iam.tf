locals {
  # Alarms, and rules for findings, of this account and region; nobody else's.
  from_here = {
    ArnLike      = { "aws:SourceArn" = ["arn:*:cloudwatch:${var.region}:${var.account}:alarm:*", "arn:*:events:${var.region}:${var.account}:rule/*"] }
    StringEquals = { "aws:SourceAccount" = var.account }
  }
  services = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Administer", Effect = "Allow", Principal = { AWS = var.account }, Action = ["kms:*"], Resource = ["*"] },
      { Sid = "EncryptAlarms", Effect = "Allow", Principal = local.services, Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = ["*"], Condition = local.from_here },
    ]
  })
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "TakeAlarms", Effect = "Allow", Principal = local.services, Action = ["sns:Publish"], Resource = [aws_sns_topic.this.arn], Condition = local.from_here },
      { Sid = "OnlyEncrypted", Effect = "Deny", Principal = "*", Action = ["sns:Publish"], Resource = [aws_sns_topic.this.arn], Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ]
  })
}
