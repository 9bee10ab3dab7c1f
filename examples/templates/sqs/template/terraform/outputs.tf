output "queue_url" {
  description = "The queue."
  value       = aws_sqs_queue.jobs.url
}

output "failed_queue_url" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.failed.url
}

output "table_name" {
  description = "The table of results."
  value       = aws_dynamodb_table.results.name
}
