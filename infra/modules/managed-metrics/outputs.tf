output "prometheus_endpoint" {
  description = "Where metrics are written to and queried."
  value       = aws_prometheus_workspace.this.prometheus_endpoint
}

output "grafana_endpoint" {
  description = "Where Grafana answers."
  value       = aws_grafana_workspace.this.endpoint
}
