import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DeadLetterQueue, RustFunction, ServiceProps, alarm } from './function';

/** A queue with a dead-letter queue, the function, and the table of results. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceProps = {}) {
    super(scope, id, props);
    const topicArn = props.alarmTopicArn;

    const results = new dynamodb.Table(this, 'Results', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // Jobs that a person must review.
    const failed = new DeadLetterQueue(this, 'Failed');
    const jobs = new sqs.Queue(this, 'Jobs', {
      retentionPeriod: Duration.days(14), // So that no job expires while the function is stopped.
      visibilityTimeout: Duration.seconds(180), // Six times the function's time-out, as AWS recommends.
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      deadLetterQueue: { queue: failed, maxReceiveCount: 5 },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const handler = new RustFunction(this, 'Function', {
      timeout: Duration.seconds(30),
      environment: { TABLE_NAME: results.tableName },
    });
    handler.allow(['dynamodb:GetItem', 'dynamodb:PutItem'], results.tableArn);
    // `SqsEventSource` of CDK would allow more.
    handler.allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], jobs.queueArn);
    handler.addEventSourceMapping('Job', {
      eventSourceArn: jobs.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency: 10,
    });

    alarm(this, 'FailedAlarm', failed.metricApproximateNumberOfMessagesVisible(), {
      description: 'The dead-letter queue contains jobs that were not done.',
      topicArn,
    });
    alarm(this, 'LagAlarm', jobs.metricApproximateAgeOfOldestMessage(), {
      description: 'A job has waited in the queue for more than 15 minutes.',
      threshold: 900,
      topicArn,
    });

    new CfnOutput(this, 'QueueUrl', { value: jobs.queueUrl });
    new CfnOutput(this, 'FailedQueueUrl', { value: failed.queueUrl });
    new CfnOutput(this, 'TableName', { value: results.tableName });
  }
}
