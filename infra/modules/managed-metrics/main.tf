resource "aws_prometheus_workspace" "this" {
  alias       = var.name
  kms_key_arn = var.key_arn
}

resource "aws_grafana_workspace" "this" {
  name                     = var.name
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO"]
  permission_type          = "CUSTOMER_MANAGED"
  role_arn                 = aws_iam_role.grafana.arn
  data_sources             = ["CLOUDWATCH", "PROMETHEUS"]

  network_access_control {
    prefix_list_ids = var.private_access.prefix_list_ids
    vpce_ids        = var.private_access.vpce_ids
  }
}
