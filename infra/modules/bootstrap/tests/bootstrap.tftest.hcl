mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
    }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    }
  }
}

variables {
  prefix      = "orders-dev"
  environment = "dev"
  account     = "111111111111"
  region      = "eu-central-1"
  repository = {
    id       = "123456789"
    subject  = "repo:example/orders"
    name     = "example/orders"
    workflow = "deploy.yml"
    branch   = "main"
  }
  boundary      = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  state_readers = ["arn:aws:iam::111111111111:role/administrator"]
}

run "the_pipeline_is_known_exactly" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role.apply.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud"              = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub"              = "repo:example/orders:environment:dev"
        "token.actions.githubusercontent.com:environment"      = "dev"
        "token.actions.githubusercontent.com:repository_id"    = "123456789"
        "token.actions.githubusercontent.com:job_workflow_ref" = "example/orders/.github/workflows/deploy.yml@refs/heads/main"
      }
    }
    error_message = "The apply role must be for exactly one workflow of one repository in one environment."
  }

  assert {
    condition     = aws_iam_role.apply.assume_role_policy != aws_iam_role.plan.assume_role_policy
    error_message = "Who plans must not be able to apply."
  }
}

run "roles_are_made_only_with_the_boundary" {
  command = apply

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.apply.policy).Statement : statement.Condition.StringEquals["iam:PermissionsBoundary"] if statement.Sid == "MakeBoundedRoles"] == ["arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"]
    error_message = "A role without the boundary must not be made."
  }
}

run "a_service_has_a_boundary_of_its_own" {
  command = apply

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.apply.policy).Statement : statement.Condition.StringEquals["iam:PermissionsBoundary"] if statement.Sid == "MakeBoundedServiceRoles"] == ["arn:aws:iam::111111111111:policy/orders-dev-pq-services-boundary"]
    error_message = "Only the roles of backups, flow logs and Grafana take the wider boundary."
  }
}

run "documents_are_no_longer_than_aws_takes" {
  command = apply

  assert {
    condition     = length(aws_iam_policy.services_boundary.policy) <= 6144 && length(aws_iam_role_policy.apply.policy) <= 10240 && length(aws_iam_role_policy.plan.policy) <= 10240
    error_message = "A managed policy takes 6,144 characters, a role's inline policies 10,240."
  }
}

run "the_state_is_closed_and_kept" {
  command = apply

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "The state must be versioned and not public."
  }

  assert {
    condition     = strcontains(aws_s3_bucket_policy.state.policy, "aws:SecureTransport") && strcontains(aws_s3_bucket_policy.state.policy, "ArnNotLike")
    error_message = "Nobody but the pipeline and administrators may read the state."
  }
}

run "refuses_a_subject_with_a_wildcard" {
  command         = plan
  expect_failures = [var.repository]

  variables {
    repository = {
      id       = "123456789"
      subject  = "repo:example/*"
      name     = "example/orders"
      workflow = "deploy.yml"
      branch   = "main"
    }
  }
}
