# The same file in all examples, apart from the default of `name`.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "name" {
  type        = string
  default     = "pilaster-orders"
  description = "The name of all resources, or its start. A second deployment in a region needs another one."
}

variable "alarm_topic_arn" {
  type        = string
  default     = null
  description = "The SNS topic that the alarms notify. If it is null, they notify no topic."
}
