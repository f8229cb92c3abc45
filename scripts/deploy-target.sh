#!/usr/bin/env bash
# Prints account, region and role of an environment as `name=value`, from its synthesized file: nothing is configured twice.
#
#   deploy-target.sh <environment> plan|apply
set -euo pipefail
jq -er --arg role "${2:?plan or apply}" \
  '.environment as $at | "account=\($at.account)", "region=\($at.region)", "role=arn:aws:iam::\($at.account):role/\(.names.prefix)-pq-\($role)"' \
  "infra/stacks/${1:?name the environment}/topology.auto.tfvars.json"
