import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Match, Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket, CfnBucket } from "aws-cdk-lib/aws-s3";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import { allow, BinaryFunction, destination, watch } from "./lambda";

/**
 * One bucket with two prefixes. S3 sends its events to EventBridge, whose rule selects those of uploads, so the bucket does not refer
 * to the function.
 */
export class Thumbnail extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, { description: "Keeps a thumbnail of each image in S3, and its state in DynamoDB.", ...props });

    const logs = new LogGroup(this, "Logs", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const pictures = new Bucket(this, "Pictures", {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // Without `eventBridgeEnabled` of CDK, which is a custom resource with a function of its own.
    const notifications = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    (pictures.node.defaultChild as CfnBucket).notificationConfiguration = notifications;
    const images = new Table(this, "Images", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: "expires_at",
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // Events of uploads that were not handled, with the error.
    const failed = new Queue(this, "Failed", {
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const thumbnail = new BinaryFunction(this, "Thumbnail", {
      binary: "thumbnail",
      memorySize: 1769, // One full vCPU. An image at the limits needs about 700 MB.
      timeout: Duration.seconds(60),
      logGroup: logs,
      environment: { POWERTOOLS_SERVICE_NAME: "thumbnail", TABLE_NAME: images.tableName },
      allow: [
        allow(["s3:GetObject"], pictures.arnForObjects("uploads/*")),
        // Without it, S3 answers 403 instead of 404 for an upload that has been deleted.
        allow(["s3:ListBucket"], pictures.bucketArn),
        allow(["s3:PutObject", "s3:DeleteObject"], pictures.arnForObjects("thumbnails/*")),
        allow(["dynamodb:GetItem", "dynamodb:PutItem"], images.tableArn),
        allow(["sqs:SendMessage"], failed.queueArn),
      ],
    });
    // EventBridge invokes the function asynchronously; failed events go to the queue.
    thumbnail.configureAsyncInvoke({ retryAttempts: 2, onFailure: destination(failed.queueArn) });
    new Rule(this, "Upload", {
      eventPattern: {
        source: ["aws.s3"],
        detailType: ["Object Created", "Object Deleted"],
        detail: {
          bucket: { name: [pictures.bucketName] },
          // Thumbnails have another prefix, so the function does not invoke itself.
          object: { key: Match.prefix("uploads/") },
        },
      },
      // The queue gets the events that EventBridge could not hand over to Lambda.
      targets: [new LambdaFunction(thumbnail, { deadLetterQueue: failed })],
    });

    const waiting = failed.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum" });
    watch(this, "FailedAlarm", "The dead-letter queue contains events of uploads that were not handled.", waiting);
    // A metric without an alarm: an upload that is no image is a mistake of its sender.
    new MetricFilter(this, "RejectedUploads", {
      logGroup: logs,
      filterPattern: FilterPattern.stringValue("$.message", "=", "rejected the upload"),
      metricNamespace: Aws.STACK_NAME,
      metricName: "RejectedUploads",
      metricValue: "1",
      defaultValue: 0,
    });

    new CfnOutput(this, "BucketName", { value: pictures.bucketName, description: "Bucket; images are under uploads/." });
    new CfnOutput(this, "TableName", { value: images.tableName, description: "Table of the states of the uploads." });
    new CfnOutput(this, "FailedQueueUrl", { value: failed.queueUrl, description: "Dead-letter queue." });
  }
}
