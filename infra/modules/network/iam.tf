locals {
  # An endpoint serves this account's principals, for this account's resources: stolen data has no way to another account's table or bucket.
  endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyThisAccount"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["*"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:PrincipalAccount" = var.account, "aws:ResourceAccount" = var.account } }
    }]
  })

  # What Lambda needs to put a function into a subnet. The function's own code is denied the same.
  network_actions = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
  function_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "JoinNetwork", Effect = "Allow", Action = local.network_actions, Resource = ["*"] },
      {
        Sid       = "NotByItsCode"
        Effect    = "Deny"
        Action    = local.network_actions
        Resource  = ["*"]
        Condition = { ArnLike = { "lambda:SourceFunctionArn" = "arn:*:lambda:${var.region}:${var.account}:function:*" } }
      },
    ]
  })
}

resource "aws_iam_role" "flow" {
  name                 = "${var.name}-pq-flow-logs"
  description          = "With which flow logs of ${var.name} are written"
  permissions_boundary = var.boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeOn"
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:*:ec2:${var.region}:${var.account}:vpc-flow-log/*" }
        StringEquals = { "aws:SourceAccount" = var.account }
      }
    }]
  })
}

resource "aws_iam_role_policy" "flow" {
  name = "write-flow-logs"
  role = aws_iam_role.flow.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteFlowLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = [aws_cloudwatch_log_group.flow.arn, "${aws_cloudwatch_log_group.flow.arn}:*"]
    }]
  })
}
