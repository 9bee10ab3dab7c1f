import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { RustFunction, ServiceProps, alarm } from './function';

/**
 * An HTTP API, the function with a router, its tables, and the secret with the API key. The API is public: everybody may
 * read notes, and the function requires the API key for changes.
 */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceProps = {}) {
    super(scope, id, props);

    const notes = new dynamodb.Table(this, 'Notes', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // Idempotency keys, which are needed for an hour.
    const requests = new dynamodb.Table(this, 'Requests', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: 'expiration',
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const apiKey = new Secret(this, 'ApiKey', {
      description: 'The API key that requests which change notes have in the header x-api-key.',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'key',
        passwordLength: 40,
        excludePunctuation: true,
      },
    });

    const handler = new RustFunction(this, 'Function', {
      timeout: Duration.seconds(10),
      environment: {
        TABLE_NAME: notes.tableName,
        IDEMPOTENCY_TABLE: requests.tableName,
        API_KEY_SECRET: apiKey.secretArn,
      },
    });
    handler.allow(
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
      notes.tableArn,
    );
    handler.allow(
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      requests.tableArn,
    );
    handler.allow(['secretsmanager:GetSecretValue'], apiKey.secretArn);

    // Every method and path: the router answers unknown ones.
    const api = new apigateway.HttpApi(this, 'Api', {
      defaultIntegration: new HttpLambdaIntegration('Integration', handler),
      createDefaultStage: false,
    });
    const stage = api.addStage('Stage', {
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 }, // Requests beyond this get 429.
    });
    // Also of the requests that the API rejects.
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    (stage.node.defaultChild as apigateway.CfnStage).accessLogSettings = {
      destinationArn: accessLogs.logGroupArn,
      format: JSON.stringify({
        requestId: '$context.requestId',
        ip: '$context.identity.sourceIp',
        route: '$context.routeKey',
        status: '$context.status',
      }),
    };

    const topicArn = props.alarmTopicArn;
    alarm(this, 'ErrorAlarm', api.metricServerError({ statistic: 'Sum' }), {
      description: 'The API answers with a server error.',
      topicArn,
    });
    alarm(this, 'ThrottleAlarm', handler.metricThrottles(), {
      description: 'Lambda rejects invocations, because too many run at the same time.',
      topicArn,
    });

    new CfnOutput(this, 'Url', { value: api.apiEndpoint });
    new CfnOutput(this, 'ApiKeySecret', { value: apiKey.secretArn });
    new CfnOutput(this, 'TableName', { value: notes.tableName });
  }
}
