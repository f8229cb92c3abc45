mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/vpc/orders-dev"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111111111111:role/orders-dev-pq-flow-logs"
    }
  }
}

variables {
  name               = "orders-dev"
  cidr               = "10.20.0.0/20"
  peers              = ["10.20.16.0/20"]
  zones              = ["eu-central-1a", "eu-central-1b"]
  account            = "111111111111"
  region             = "eu-central-1"
  interface_services = ["sqs", "ssm"]
  boundary_arn       = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
  log_retention_days = 14
  key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "is_private_and_watched" {
  command = apply

  assert {
    condition     = length(aws_subnet.private) == 2 && alltrue([for subnet in values(aws_subnet.private) : !subnet.map_public_ip_on_launch])
    error_message = "There must be a private subnet in each zone."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "All traffic must be logged."
  }

  assert {
    condition     = alltrue([for endpoint in concat(values(aws_vpc_endpoint.gateway), values(aws_vpc_endpoint.interface)) : strcontains(endpoint.policy, "aws:ResourceAccount")])
    error_message = "Every endpoint must serve this account alone."
  }
}

run "refuses_public_addresses" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "52.0.0.0/20"
  }
}

run "refuses_a_block_that_does_not_begin_there" {
  command         = plan
  expect_failures = [var.cidr]

  variables {
    cidr = "10.20.1.0/20"
  }
}

run "refuses_to_overlap_a_peer" {
  command         = plan
  expect_failures = [var.peers]

  variables {
    peers = ["10.0.0.0/8"]
  }
}

run "refuses_a_single_zone" {
  command         = plan
  expect_failures = [var.zones]

  variables {
    zones = ["eu-central-1a"]
  }
}

run "refuses_the_whole_internet" {
  command         = plan
  expect_failures = [var.destinations]

  variables {
    destinations = { any = { cidr = "0.0.0.0/0", port = 443, reason = "everything" } }
  }
}
