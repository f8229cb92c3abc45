output "deployment" {
  description = "Where the API answers, what watches it, what an operator pauses, and which secrets have to be set."
  value       = module.deployment
}
