output "bucket_name" {
  description = "The bucket; uploads are under uploads/, results under results/."
  value       = aws_s3_bucket.bucket.bucket
}

output "failed_queue_url" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.failed.url
}
