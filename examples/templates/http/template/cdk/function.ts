import { Duration, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { join } from 'node:path';

/** What `cargo lambda build --release --arm64` builds. Run it before each deployment. */
export const CODE = join(__dirname, '../target/lambda/{{ project_name }}');

export interface ServiceProps extends StackProps {
  /** The SNS topic that the alarms notify. Without it, they notify no topic. */
  alarmTopicArn?: string;
}

export interface RustFunctionProps {
  timeout: Duration;
  memorySize?: number;
  environment?: Record<string, string>;
}

/** The function of this project. */
export class RustFunction extends lambda.Function {
  constructor(scope: Construct, id: string, props: RustFunctionProps) {
    super(scope, id, {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.ARM_64,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset(CODE),
      memorySize: props.memorySize ?? 256,
      timeout: props.timeout,
      tracing: lambda.Tracing.ACTIVE,
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
      logGroup: new logs.LogGroup(scope, 'Logs', {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      environment: { POWERTOOLS_SERVICE_NAME: '{{ project_name }}', ...props.environment },
    });
  }

  /** Allows the function to call these actions, and no others. */
  allow(actions: string[], resource: string) {
    this.addToRolePolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
  }
}

/** A queue of what failed, for a person to review. It outlives the stack. */
export class DeadLetterQueue extends sqs.Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      retentionPeriod: Duration.days(14), // The maximum.
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

/** A target for failed events. `SqsDestination` and `SqsDlq` of CDK would allow more than to send. */
export function destination(handler: RustFunction, queue: sqs.IQueue) {
  handler.allow(['sqs:SendMessage'], queue.queueArn);
  return { bind: () => ({ destination: queue.queueArn }) };
}

/** An alarm that fires as soon as the metric is above the threshold in five minutes. */
export function alarm(
  stack: Stack,
  id: string,
  metric: cloudwatch.IMetric,
  props: { description: string; threshold?: number; topicArn?: string },
) {
  const alarm = new cloudwatch.Alarm(stack, id, {
    alarmDescription: props.description,
    metric,
    threshold: props.threshold ?? 0,
    evaluationPeriods: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  if (props.topicArn) {
    alarm.addAlarmAction(new SnsAction(Topic.fromTopicArn(stack, `${id}Topic`, props.topicArn)));
  }
}
