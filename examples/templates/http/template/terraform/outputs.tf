output "url" {
  description = "The URL of the API."
  value       = aws_apigatewayv2_api.api.api_endpoint
}

output "api_key_secret" {
  description = "The secret with the API key."
  value       = aws_secretsmanager_secret.api_key.arn
}

output "table_name" {
  description = "The table of notes."
  value       = aws_dynamodb_table.notes.name
}
