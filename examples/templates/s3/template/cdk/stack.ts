import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DeadLetterQueue, RustFunction, ServiceProps, alarm, destination } from './function';

/** One bucket with two prefixes. S3 sends its events to EventBridge, whose rule selects those of uploads. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceProps = {}) {
    super(scope, id, props);
    const topicArn = props.alarmTopicArn;

    const bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // `eventBridgeEnabled` would add a function of CDK's own that sets this.
    (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };

    // Events that were not handled, with the error.
    const failed = new DeadLetterQueue(this, 'Failed');

    const handler = new RustFunction(this, 'Function', {
      timeout: Duration.seconds(30),
      environment: { BUCKET_NAME: bucket.bucketName },
    });
    handler.allow(['s3:GetObject'], bucket.arnForObjects('uploads/*'));
    // Without it, S3 answers 403 instead of 404 for an upload that was deleted.
    handler.allow(['s3:ListBucket'], bucket.bucketArn);
    handler.allow(['s3:PutObject', 's3:DeleteObject'], bucket.arnForObjects('results/*'));

    // EventBridge invokes the function asynchronously; failed events go to the queue.
    handler.configureAsyncInvoke({ retryAttempts: 2, onFailure: destination(handler, failed) });
    new Rule(this, 'Upload', {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created', 'Object Deleted'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          object: { key: [{ prefix: 'uploads/' }] }, // Results have another prefix: it does not invoke itself.
        },
      },
      // Events that EventBridge could not hand over to Lambda go to the queue, too.
      targets: [new LambdaFunction(handler, { deadLetterQueue: failed })],
    });

    alarm(this, 'FailedAlarm', failed.metricApproximateNumberOfMessagesVisible(), {
      description: 'The dead-letter queue contains uploads without a result.',
      topicArn,
    });

    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
    new CfnOutput(this, 'FailedQueueUrl', { value: failed.queueUrl });
  }
}
