# The same file in all examples: an alarm on a metric above a threshold within five minutes.

variable "name" {
  type = string
}

variable "description" {
  type = string
}

variable "namespace" {
  type = string
}

variable "metric" {
  type = string
}

variable "dimensions" {
  type    = map(string)
  default = {}
}

variable "statistic" {
  type    = string
  default = "Sum"
}

variable "threshold" {
  type    = number
  default = 0
}

variable "topic_arn" {
  type        = string
  description = "The SNS topic that the alarm notifies. If it is null, it notifies no topic."
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = var.name
  alarm_description   = var.description
  alarm_actions       = var.topic_arn == null ? [] : [var.topic_arn]
  namespace           = var.namespace
  metric_name         = var.metric
  dimensions          = var.dimensions
  statistic           = var.statistic
  period              = 300
  evaluation_periods  = 1
  threshold           = var.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}
