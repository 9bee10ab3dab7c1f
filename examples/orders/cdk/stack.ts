import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue, QueueEncryption, QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import { allow, BinaryFunction, watch } from "./lambda";

const TIMEOUT = Duration.seconds(30);

/** One function with two queues: a standard queue, and a FIFO queue that preserves the order per customer. Keep the one you need. */
export class Orders extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, { description: "Ships orders from an SQS queue, standard or FIFO, each order once.", ...props });

    const logs = new LogGroup(this, "Logs", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const shipments = new Table(this, "Shipments", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const ship = new BinaryFunction(this, "Ship", {
      binary: "orders",
      timeout: TIMEOUT,
      logGroup: logs,
      environment: { POWERTOOLS_SERVICE_NAME: "orders", TABLE_NAME: shipments.tableName },
      allow: [allow(["dynamodb:GetItem", "dynamodb:PutItem"], shipments.tableArn)],
    });

    this.source("Orders", "Failed", ship, 10);
    // A failed order blocks later orders of its customer. In a larger batch, these would be received as often as the
    // failed one and follow it into the dead-letter queue.
    this.source("FifoOrders", "FailedFifo", ship, 1, { fifo: true });

    // Orders that can never be shipped are in no dead-letter queue.
    const discarded = new MetricFilter(this, "DiscardedOrders", {
      logGroup: logs,
      filterPattern: FilterPattern.stringValue("$.message", "=", "the record failed and is discarded"),
      metricNamespace: Aws.STACK_NAME,
      metricName: "DiscardedOrders",
      metricValue: "1",
    });
    watch(this, "DiscardedOrdersAlarm", "Orders were discarded; the log has the ids of their messages.", discarded.metric({ statistic: "Sum" }));
    new CfnOutput(this, "TableName", { value: shipments.tableName, description: "Table of shipments." });
  }

  /** A queue that the function reads, with its dead-letter queue. */
  private source(id: string, failedId: string, ship: BinaryFunction, batchSize: number, { fifo }: QueueProps = {}) {
    const common = {
      fifo,
      // Fourteen days, so that no order expires while the function is stopped.
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.RETAIN,
    };
    const failed = new Queue(this, failedId, common);
    const queue = new Queue(this, id, {
      ...common,
      contentBasedDeduplication: fifo,
      // Six times the function's timeout, as AWS recommends.
      visibilityTimeout: Duration.seconds(6 * TIMEOUT.toSeconds()),
      deadLetterQueue: { queue: failed, maxReceiveCount: 5 },
    });
    ship.addToRolePolicy(allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.queueArn));
    new EventSourceMapping(this, `${id}Source`, {
      target: ship,
      eventSourceArn: queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      maxConcurrency: 10,
    });
    const metric = (of: Queue, name: string): Metric => of.metric(name, { statistic: "Maximum" });
    watch(this, `${failedId}Alarm`, "The dead-letter queue contains orders.", metric(failed, "ApproximateNumberOfMessagesVisible"));
    watch(this, `${id}LagAlarm`, "An order has waited for more than 15 minutes.", metric(queue, "ApproximateAgeOfOldestMessage"), 900);
    new CfnOutput(this, `${id}Url`, { value: queue.queueUrl });
    new CfnOutput(this, `${failedId}Url`, { value: failed.queueUrl, description: "Dead-letter queue." });
  }
}
