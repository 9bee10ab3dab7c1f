import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { DeadLetterQueue, RustFunction, ServiceProps, alarm, destination } from './function';

/** A rule of EventBridge, the function that it invokes, the table of invoices, and a dead-letter queue. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceProps = {}) {
    super(scope, id, props);
    const topicArn = props.alarmTopicArn;

    const invoices = new dynamodb.Table(this, 'Invoices', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // Events that were not handled, with the error.
    const failed = new DeadLetterQueue(this, 'Failed');

    const handler = new RustFunction(this, 'Function', {
      timeout: Duration.seconds(10),
      environment: { TABLE_NAME: invoices.tableName },
    });
    handler.allow(['dynamodb:GetItem', 'dynamodb:PutItem'], invoices.tableArn);

    // EventBridge invokes the function asynchronously; failed events go to the queue.
    handler.configureAsyncInvoke({ retryAttempts: 2, onFailure: destination(handler, failed) });
    new Rule(this, 'OrderPaid', {
      eventPattern: {
        source: ['shop'], // On the default bus; another one: `eventBus`.
        detailType: ['OrderPaid'],
      },
      // Events that EventBridge could not hand over to Lambda go to the queue, too.
      targets: [new LambdaFunction(handler, { deadLetterQueue: failed })],
    });

    alarm(this, 'FailedAlarm', failed.metricApproximateNumberOfMessagesVisible(), {
      description: 'The dead-letter queue contains paid orders without an invoice.',
      topicArn,
    });

    new CfnOutput(this, 'TableName', { value: invoices.tableName });
    new CfnOutput(this, 'FailedQueueUrl', { value: failed.queueUrl });
  }
}
