resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.url
  policy    = var.policy
}

# Apart from the queue: its sources name it, and it names them.
resource "aws_sqs_queue_redrive_allow_policy" "this" {
  queue_url = aws_sqs_queue.this.url
  redrive_allow_policy = jsonencode(
    length(var.source_queue_arns) == 0
    ? { redrivePermission = "denyAll", sourceQueueArns = null }
    : { redrivePermission = "byQueue", sourceQueueArns = var.source_queue_arns }
  )
}
