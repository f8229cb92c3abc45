locals {
  partition             = data.aws_partition.current.partition
  state_bucket          = "${var.prefix}-state-${var.account}"
  state_arn             = "arn:${local.partition}:s3:::${local.state_bucket}"
  boundary_arn          = "arn:${local.partition}:iam::${var.account}:policy/${var.prefix}-pq-boundary"
  services_boundary_arn = "arn:${local.partition}:iam::${var.account}:policy/${var.prefix}-pq-services-boundary"
  plan_arn              = "arn:${local.partition}:iam::${var.account}:role/${var.prefix}-pq-plan"
  apply_arn             = "arn:${local.partition}:iam::${var.account}:role/${var.prefix}-pq-apply"
  oidc_arn              = coalesce(var.oidc_provider_arn, one(aws_iam_openid_connect_provider.github[*].arn))
  token                 = "token.actions.githubusercontent.com"

  key_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Administer", Effect = "Allow", Principal = { AWS = "arn:${local.partition}:iam::${var.account}:root" }, Action = ["kms:*"], Resource = ["*"] }]
  })

  # Who may be which role: a token for AWS, of this repository by its number, from this workflow on this branch, in this environment. All exact.
  trust = {
    for role, environment in { plan = "${var.environment}-plan", apply = var.environment } : role => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "FromWorkflow"
        Effect    = "Allow"
        Principal = { Federated = local.oidc_arn }
        Action    = ["sts:AssumeRoleWithWebIdentity"]
        Condition = {
          StringEquals = {
            "${local.token}:aud"              = "sts.amazonaws.com"
            "${local.token}:sub"              = "${var.repository.subject}:environment:${environment}"
            "${local.token}:environment"      = environment
            "${local.token}:repository_id"    = var.repository.id
            "${local.token}:job_workflow_ref" = "${var.repository.name}/.github/workflows/${var.repository.workflow}@refs/heads/${var.repository.branch}"
          }
        }
      }]
    })
  }
}

data "aws_partition" "current" {}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource  = [local.state_arn, "${local.state_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyPipelineAndAdministrators"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*"]
        Resource  = ["${local.state_arn}/*"]
        Condition = { ArnNotLike = { "aws:PrincipalArn" = concat([local.plan_arn, local.apply_arn], var.state_readers) } }
      },
    ]
  })
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.prefix}-pq-boundary"
  description = "The most that a function of ${var.prefix} can ever do"
  policy      = var.boundary
}

resource "aws_iam_policy" "services_boundary" {
  name        = "${var.prefix}-pq-services-boundary"
  description = "The most that backups, flow logs and Grafana of ${var.prefix} can ever do"
  policy      = local.services_boundary_policy
}

resource "aws_iam_role" "plan" {
  name                 = "${var.prefix}-pq-plan"
  description          = "Reads what is there, to plan; no data, no secret"
  max_session_duration = 3600
  assume_role_policy   = local.trust.plan
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.id
  policy = local.plan_policy
}

resource "aws_iam_role" "apply" {
  name                 = "${var.prefix}-pq-apply"
  description          = "Makes what was planned and approved"
  max_session_duration = 3600
  assume_role_policy   = local.trust.apply
}

resource "aws_iam_role_policy" "apply" {
  name   = "apply"
  role   = aws_iam_role.apply.id
  policy = local.apply_policy
}
