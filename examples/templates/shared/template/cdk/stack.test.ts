import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { CODE } from './function';
import { ServiceStack } from './stack';

// An empty folder will do in place of the built function.
mkdirSync(CODE, { recursive: true });
const alarmTopicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const template = Template.fromStack(new ServiceStack(new App(), 'test', { alarmTopicArn }));

test('the function is built for Arm and logs JSON lines that expire', () => {
  template.hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['arm64'],
    Runtime: 'provided.al2023',
    LoggingConfig: Match.objectLike({ LogFormat: 'JSON', LogGroup: Match.anyValue() }),
  });
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('no statement of a policy has a wildcard as its action', () => {
  for (const policy of Object.values(template.findResources('AWS::IAM::Policy'))) {
    for (const statement of policy.Properties.PolicyDocument.Statement) {
      for (const action of [statement.Action].flat()) {
        assert.doesNotMatch(action, /\*/, JSON.stringify(statement));
      }
    }
  }
});

test('every alarm notifies the topic', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
  assert.notEqual(alarms.length, 0);
  for (const alarm of alarms) {
    assert.deepEqual(alarm.Properties.AlarmActions, [alarmTopicArn]);
  }
});

test('queues and buckets outlive the stack', () => {
  for (const type of ['AWS::SQS::Queue', 'AWS::S3::Bucket']) {
    for (const [id, resource] of Object.entries(template.findResources(type))) {
      assert.equal(resource.DeletionPolicy, 'Retain', id);
    }
  }
});
