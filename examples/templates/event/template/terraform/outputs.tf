output "table_name" {
  description = "The table of invoices."
  value       = aws_dynamodb_table.invoices.name
}

output "failed_queue_url" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.failed.url
}
