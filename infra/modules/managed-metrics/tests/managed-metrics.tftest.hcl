mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111111111111:role/orders-dev-pq-grafana"
    }
  }
  mock_resource "aws_prometheus_workspace" {
    defaults = {
      arn = "arn:aws:aps:eu-central-1:111111111111:workspace/ws-1"
    }
  }
}

variables {
  name           = "orders-dev"
  account        = "111111111111"
  region         = "eu-central-1"
  boundary_arn   = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
  key_arn        = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
  private_access = { prefix_list_ids = ["pl-0123456789abcdef0"], vpce_ids = [] }
}

run "grafana_is_private_and_only_reads" {
  command = apply

  assert {
    condition     = aws_grafana_workspace.this.network_access_control[0].prefix_list_ids == toset(["pl-0123456789abcdef0"])
    error_message = "Grafana must be reached only from what is named."
  }

  assert {
    condition     = aws_iam_role_policy.grafana.policy != "" && !strcontains(aws_iam_role_policy.grafana.policy, "Put")
    error_message = "Grafana must not write."
  }
}

run "refuses_to_be_open" {
  command         = plan
  expect_failures = [var.private_access]

  variables {
    private_access = { prefix_list_ids = [], vpce_ids = [] }
  }
}
