output "tasks_table" {
  description = "The table of tasks."
  value       = aws_dynamodb_table.tasks.name
}

output "view_table" {
  description = "The table of the view."
  value       = aws_dynamodb_table.view.name
}

output "failed_queue_url" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.failed.url
}
