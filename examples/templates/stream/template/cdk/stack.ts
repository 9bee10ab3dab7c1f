import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { DeadLetterQueue, RustFunction, ServiceProps, alarm, destination } from './function';

/** The table of tasks with its stream, the function, and the table of the view. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceProps = {}) {
    super(scope, id, props);
    const topicArn = props.alarmTopicArn;

    // Your application writes it: the items have the attributes of `Task` in src/view.rs.
    const tasks = new dynamodb.Table(this, 'Tasks', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // It can be rebuilt from the tasks, so it need not outlive the stack.
    const view = new dynamodb.Table(this, 'View', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // The stream positions of changes that were not applied. The tasks themselves stay in their table.
    const failed = new DeadLetterQueue(this, 'Failed');

    const handler = new RustFunction(this, 'Function', {
      timeout: Duration.seconds(30),
      environment: { VIEW_TABLE: view.tableName },
    });
    handler.allow(['dynamodb:PutItem', 'dynamodb:DeleteItem'], view.tableArn);
    const streamArn = tasks.tableStreamArn!;
    handler.allow(
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      streamArn,
    );
    handler.addEventSourceMapping('Change', {
      eventSourceArn: streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      // A change that fails blocks its shard until it is sent to the queue; bisecting keeps its batch small.
      bisectBatchOnError: true,
      retryAttempts: 10,
      onFailure: destination(handler, failed),
    });

    alarm(this, 'FailedAlarm', failed.metricApproximateNumberOfMessagesVisible(), {
      description: 'The dead-letter queue contains changes that were not applied.',
      topicArn,
    });
    alarm(this, 'LagAlarm', handler.metric('IteratorAge', { statistic: 'Maximum' }), {
      description: 'The view is more than 15 minutes behind the tasks.',
      threshold: 900_000, // Milliseconds.
      topicArn,
    });

    new CfnOutput(this, 'TasksTable', { value: tasks.tableName });
    new CfnOutput(this, 'ViewTable', { value: view.tableName });
    new CfnOutput(this, 'FailedQueueUrl', { value: failed.queueUrl });
  }
}
