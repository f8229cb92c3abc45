mock_provider "aws" {
  mock_resource "aws_backup_vault" {
    defaults = {
      arn = "arn:aws:backup:eu-central-1:111111111111:backup-vault:orders-dev"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111111111111:role/orders-dev-pq-backup"
    }
  }
}

variables {
  name           = "orders-dev"
  account        = "111111111111"
  table_arns     = { journal = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders-dev-pq-journal" }
  retention_days = 35
  boundary_arn   = "arn:aws:iam::111111111111:policy/orders-dev-pq-boundary"
  key_arn        = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "backups_are_encrypted_and_kept" {
  command = apply

  assert {
    condition     = aws_backup_vault.this.kms_key_arn == var.key_arn
    error_message = "Backups must be encrypted with the key."
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this.min_retention_days == 35
    error_message = "Nobody may delete a backup early."
  }
}

run "restores_are_tested_with_the_same_tables" {
  command = apply

  assert {
    condition     = aws_backup_restore_testing_selection.tables.protected_resource_arns == toset(values(var.table_arns))
    error_message = "What is backed up must be restored in tests."
  }
}

run "refuses_to_keep_nothing" {
  command         = plan
  expect_failures = [var.table_arns]

  variables {
    table_arns = {}
  }
}
