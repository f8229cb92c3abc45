resource "aws_backup_vault_policy" "this" {
  backup_vault_name = aws_backup_vault.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NobodyDeletes"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["backup:DeleteBackupVaultLockConfiguration", "backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]
      Resource  = ["*"]
    }]
  })
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-pq-backup"
  description          = "With which AWS Backup backs up and restores the tables of ${var.name}"
  permissions_boundary = var.boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeOn"
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
      Condition = { StringEquals = { "aws:SourceAccount" = var.account } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "back-up-and-restore"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "BackUp"
        Effect   = "Allow"
        Action   = ["dynamodb:CreateBackup", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"]
        Resource = values(var.table_arns)
      },
      {
        Sid      = "KeepAndReadBackups"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:RestoreTableFromBackup"]
        Resource = [for arn in values(var.table_arns) : "${arn}/backup/*"]
      },
      {
        # Tables that a restore test makes, and AWS Backup removes again.
        Sid      = "TestRestore"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:DeleteTable", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:Scan", "dynamodb:UpdateItem"]
        Resource = distinct([for arn in values(var.table_arns) : "${split("/", arn)[0]}/awsbackup-restore-test-*"])
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource = [var.key_arn]
      },
      {
        Sid      = "FillVault"
        Effect   = "Allow"
        Action   = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
        Resource = concat([aws_backup_vault.this.arn], var.copy_vault_arn == null ? [] : [var.copy_vault_arn])
      },
    ]
  })
}
