# What the pipeline's roles may do, and what no service's role that they make may ever exceed. What bounds functions is synthesized.
locals {
  here = { for service in ["dynamodb", "events", "lambda", "logs", "scheduler", "secretsmanager", "sqs", "backup", "apigateway"] :
  service => "arn:${local.partition}:${service}:${var.region}:${var.account}:" }
  own_roles = "arn:${local.partition}:iam::${var.account}:role/${var.prefix}-*"
  state_use = [
    { Sid = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.state_arn] },
    { Sid = "ReadState", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.state_arn}/*"] },
    # `use_lockfile` of the S3 backend: the lock is an object beside the state.
    { Sid = "LockState", Effect = "Allow", Action = ["s3:DeleteObject", "s3:PutObject"], Resource = ["${local.state_arn}/*.tflock"] },
    { Sid = "OpenState", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [aws_kms_key.state.arn] },
  ]
  # Descriptions, never data: no item, no message, no secret, no log line.
  reads = ["apigateway:GET", "aps:Describe*", "aps:List*", "backup:Describe*", "backup:Get*", "backup:List*", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "dynamodb:Describe*", "dynamodb:GetResourcePolicy", "dynamodb:ListTagsOfResource", "ec2:Describe*", "events:Describe*", "events:List*", "grafana:Describe*", "grafana:List*", "iam:Get*", "iam:List*", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:List*", "lambda:Get*", "lambda:List*", "logs:Describe*", "logs:ListTagsForResource", "scheduler:Get*", "scheduler:List*", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]

  plan_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.state_use, [{ Sid = "Describe", Effect = "Allow", Action = local.reads, Resource = ["*"] }])
  })

  apply_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.state_use, [
      { Sid = "WriteState", Effect = "Allow", Action = ["s3:PutObject"], Resource = ["${local.state_arn}/*"] },
      { Sid = "Describe", Effect = "Allow", Action = local.reads, Resource = ["*"] },
      {
        Sid    = "Make"
        Effect = "Allow"
        Action = ["backup:*", "cloudwatch:*", "dynamodb:*Table*", "dynamodb:*ResourcePolicy", "dynamodb:*TagsOfResource", "dynamodb:Update*", "events:*", "lambda:*", "logs:*", "scheduler:*", "secretsmanager:*", "sqs:*"]
        Resource = [
          "${local.here.dynamodb}table/${var.prefix}-*", "${local.here.events}event-bus/${var.prefix}", "${local.here.events}rule/${var.prefix}/*", "${local.here.events}archive/${var.prefix}*",
          "${local.here.lambda}function:${var.prefix}-*", "${local.here.logs}log-group:/aws/*/${var.prefix}*", "${local.here.scheduler}schedule/${var.prefix}/*", "${local.here.scheduler}schedule-group/${var.prefix}",
          "${local.here.secretsmanager}secret:${var.prefix}/*", "${local.here.sqs}${var.prefix}-*", "${local.here.backup}backup-vault:${var.prefix}*",
          "arn:${local.partition}:cloudwatch:${var.region}:${var.account}:alarm:${var.prefix}-*", "arn:${local.partition}:cloudwatch::${var.account}:dashboard/${var.prefix}",
        ]
      },
      # These services name a new thing by an id of their own choice: they are bound to the region, and by the tag that each thing gets.
      {
        Sid       = "MakeById"
        Effect    = "Allow"
        Action    = ["apigateway:*", "aps:*", "backup:*", "backup-storage:MountCapsule", "ec2:*Vpc*", "ec2:*Subnet*", "ec2:*RouteTable*", "ec2:*SecurityGroup*", "ec2:*FlowLogs", "ec2:CreateTags", "grafana:*", "kms:CreateKey", "kms:TagResource", "lambda:*EventSourceMapping", "logs:*LogDelivery*", "logs:*ResourcePolicy", "logs:*ResourcePolicies"]
        Resource  = ["*"]
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        Sid       = "KeepKey"
        Effect    = "Allow"
        Action    = ["kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:EnableKeyRotation", "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:UpdateAlias", "kms:UpdateKeyDescription"]
        Resource  = ["arn:${local.partition}:kms:${var.region}:${var.account}:key/*", "arn:${local.partition}:kms:${var.region}:${var.account}:alias/${var.prefix}"]
        Condition = { StringEqualsIfExists = { "aws:ResourceTag/deployment" = var.prefix } }
      },
      # A role comes only with the boundary, and no role loses it.
      {
        Sid       = "MakeBoundedRoles"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = [local.own_roles]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.boundary_arn } }
      },
      {
        Sid       = "MakeBoundedServiceRoles"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = [for name in ["backup", "flow-logs", "grafana"] : "arn:${local.partition}:iam::${var.account}:role/${var.prefix}-pq-${name}"]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.services_boundary_arn } }
      },
      { Sid = "KeepRoles", Effect = "Allow", Action = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"], Resource = [local.own_roles] },
      {
        Sid       = "HandOverRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [local.own_roles]
        Condition = { StringEquals = { "iam:PassedToService" = ["backup.amazonaws.com", "grafana.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com", "vpc-flow-logs.amazonaws.com"] } }
      },
      {
        Sid      = "NeverItself"
        Effect   = "Deny"
        Action   = ["iam:Attach*", "iam:CreatePolicyVersion", "iam:Delete*", "iam:PassRole", "iam:Put*", "iam:Set*", "iam:Update*"]
        Resource = [local.plan_arn, local.apply_arn, local.boundary_arn, local.services_boundary_arn]
      },
      { Sid = "NeverUnbound", Effect = "Deny", Action = ["iam:DeleteRolePermissionsBoundary"], Resource = ["*"] },
      # It makes stores; it does not read them.
      { Sid = "NeverData", Effect = "Deny", Action = ["dynamodb:*Item*", "dynamodb:PartiQL*", "dynamodb:Query", "dynamodb:Scan", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage"], Resource = ["*"] },
    ])
  })

  # Of the roles of services that no function has: backups and restore tests, flow logs, Grafana.
  services_boundary_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "BackUpAndRestore"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:CreateBackup", "dynamodb:DeleteBackup", "dynamodb:DeleteTable", "dynamodb:DescribeBackup", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:ListTagsOfResource", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:RestoreTableFromAwsBackup", "dynamodb:RestoreTableFromBackup", "dynamodb:Scan", "dynamodb:StartAwsBackupJob", "dynamodb:UpdateItem"]
        Resource = ["${local.here.dynamodb}table/${var.prefix}-*", "${local.here.dynamodb}table/awsbackup-restore-test-*"]
      },
      # What runs is backed up and read; only what a restore test made is written or removed.
      { Sid = "NeverLive", Effect = "Deny", Action = ["dynamodb:*WriteItem", "dynamodb:DeleteTable", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = ["${local.here.dynamodb}table/${var.prefix}-*"] },
      { Sid = "FillVaults", Effect = "Allow", Action = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], Resource = ["arn:${local.partition}:backup:*:*:backup-vault:${var.prefix}*"] },
      { Sid = "UseKeys", Effect = "Allow", Action = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], Resource = ["arn:${local.partition}:kms:${var.region}:${var.account}:key/*"] },
      { Sid = "WriteFlowLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], Resource = ["${local.here.logs}log-group:/aws/vpc/${var.prefix}*"] },
      { Sid = "ReadMetrics", Effect = "Allow", Action = ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], Resource = ["*"] },
    ]
  })
}
