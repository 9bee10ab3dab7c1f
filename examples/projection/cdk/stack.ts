import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { AttributeType, BillingMode, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { EventSourceMapping, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import { allow, BinaryFunction, destination, watch } from "./lambda";

const KEYS = {
  partitionKey: { name: "pk", type: AttributeType.STRING },
  sortKey: { name: "sk", type: AttributeType.STRING },
  billingMode: BillingMode.PAY_PER_REQUEST,
};

/** The events table and its stream, the functions, and the read model. */
export class Projection extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, { description: "Builds a read model from the events of a DynamoDB table.", ...props });

    const logs = new LogGroup(this, "Logs", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    // The source of truth.
    const events = new Table(this, "Events", {
      ...KEYS,
      stream: StreamViewType.NEW_IMAGE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The read model. It can be rebuilt from the events, so it need not outlive the stack.
    const accounts = new Table(this, "Accounts", { ...KEYS, removalPolicy: RemovalPolicy.DESTROY });
    // Stream positions of the events that were not applied. The events themselves stay in their table.
    const failed = new Queue(this, "Failed", {
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const binary = (id: string, binary: string, timeout: Duration) =>
      new BinaryFunction(this, id, {
        binary,
        timeout,
        logGroup: logs,
        environment: {
          POWERTOOLS_SERVICE_NAME: "projection",
          EVENTS_TABLE: events.tableName,
          ACCOUNTS_TABLE: accounts.tableName,
        },
        allow: [
          allow(["dynamodb:Query"], events.tableArn),
          allow(["dynamodb:GetItem", "dynamodb:PutItem"], accounts.tableArn),
        ],
      });
    const project = binary("Project", "projection", Duration.seconds(30));
    const rebuild = binary("Rebuild", "rebuild", Duration.minutes(15)); // An account may have many events.

    const read = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map((action) => `dynamodb:${action}`);
    project.addToRolePolicy(allow(read, events.tableStreamArn!));
    project.addToRolePolicy(allow(["sqs:SendMessage"], failed.queueArn));
    new EventSourceMapping(this, "Event", {
      target: project,
      eventSourceArn: events.tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      // A failed record blocks its shard until it is sent to the queue; bisecting keeps its batch small.
      bisectBatchOnError: true,
      retryAttempts: 10,
      onFailure: destination(failed.queueArn),
    });

    const waiting = failed.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum" });
    watch(this, "FailedAlarm", "The dead-letter queue contains events that were not applied.", waiting);
    const age: Metric = project.metric("IteratorAge", { statistic: "Maximum" });
    watch(this, "LagAlarm", "The accounts are more than 15 minutes behind their events.", age, 900_000);

    new CfnOutput(this, "EventsTable", { value: events.tableName, description: "Table of events." });
    new CfnOutput(this, "AccountsTable", { value: accounts.tableName, description: "Table of accounts." });
    const description = "Function that computes an account from all of its events.";
    new CfnOutput(this, "RebuildFunction", { value: rebuild.functionName, description });
    new CfnOutput(this, "FailedQueueUrl", { value: failed.queueUrl, description: "Dead-letter queue." });
  }
}
