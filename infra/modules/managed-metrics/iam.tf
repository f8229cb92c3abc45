resource "aws_iam_role" "grafana" {
  name                 = "${var.name}-pq-grafana"
  description          = "What Grafana may read"
  permissions_boundary = var.boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeOn"
      Effect    = "Allow"
      Principal = { Service = "grafana.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:*:grafana:${var.region}:${var.account}:/workspaces/*" }
        StringEquals = { "aws:SourceAccount" = var.account }
      }
    }]
  })
}

resource "aws_iam_role_policy" "grafana" {
  name = "read-metrics"
  role = aws_iam_role.grafana.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "QueryPrometheus"
        Effect   = "Allow"
        Action   = ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]
        Resource = [aws_prometheus_workspace.this.arn]
      },
      {
        # CloudWatch knows no resource for reading metrics.
        Sid      = "ReadMetrics"
        Effect   = "Allow"
        Action   = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
        Resource = ["*"]
      },
    ]
  })
}
