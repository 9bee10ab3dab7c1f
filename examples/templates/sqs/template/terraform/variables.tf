variable "name" {
  description = "The name of the function, and the prefix of all other names."
  type        = string
  default     = "{{ project_name }}"
}

variable "alarm_topic_arn" {
  description = "The ARN of the SNS topic that the alarms notify. If it is empty, they notify no topic."
  type        = string
  default     = ""
}

locals {
  # Built by `cargo lambda build --release --arm64 --output-format zip`.
  package = "${path.module}/../target/lambda/{{ project_name }}/bootstrap.zip"
}
