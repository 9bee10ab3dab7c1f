//! The examples' templates, by AWS's own linter, a rule of our own, and the conventions of CONTRIBUTING.md.
//!
//! `EXAMPLE=payments cargo test -p engines --test templates every_example` checks one example only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use engines::programs;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn lint(templates: &[PathBuf]) -> Output {
    let mut linter = Command::new(programs().join("cfn-lint"));
    linter.env("PYTHONDONTWRITEBYTECODE", "1").args(["--append-rules", &format!("{HERE}/python/rules")]);
    linter.args(["--format", "parseable"]).args(templates).output().expect("cfn-lint starts")
}

/// The templates of the examples; by `EXAMPLE`, of one of them.
fn templates() -> Vec<PathBuf> {
    let only = std::env::var("EXAMPLE").ok();
    let examples = Path::new(HERE).join("../../examples");
    let folders = fs::read_dir(&examples).expect("the examples").map(|entry| entry.expect("an entry").path());
    let folders = folders.filter(|path| path.join("Cargo.toml").exists());
    let folders = folders.filter(|path| only.as_ref().is_none_or(|only| path.ends_with(only)));
    let mut templates: Vec<_> = folders.map(|path| path.join("template.yaml")).collect();
    assert!(!templates.is_empty(), "there is no such example: {only:?}");
    templates.sort();
    templates
}

/// Returns what does not follow the conventions, one finding per line.
fn conventions(templates: &[PathBuf]) -> String {
    let mut checker = Command::new(programs().join("python"));
    checker.env("PYTHONDONTWRITEBYTECODE", "1").arg(format!("{HERE}/python/conventions.py")).args(templates);
    let output = checker.output().expect("python starts");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_clean = output.status.success() && report.trim().is_empty();
    let has_findings = output.status.code() == Some(1) && !report.trim().is_empty();
    assert!(is_clean || has_findings, "{report}{}", String::from_utf8_lossy(&output.stderr));
    report.trim().to_owned()
}

#[test]
fn every_example_has_a_template_that_cfn_lint_accepts() {
    let output = lint(&templates());
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_mapping_that_does_not_read_partial_answers_is_found_in_a_template_with_sam_and_without() {
    for (template, wrong) in [
        (
            "sam",
            &["Queue", "Empty", "Stream", "Table", "Kafka", "OwnKafka"].map(|name| format!("Orders/Wrong{name}"))[..],
        ),
        ("plain", &["WrongQueue".to_owned(), "WrongStream".to_owned()]),
    ] {
        let output = lint(&[Path::new(HERE).join(format!("../fixtures/templates/partial-answers-{template}.yaml"))]);
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{template}: {}", String::from_utf8_lossy(&output.stderr));
        // FILE:LINE:COLUMN:LINE:COLUMN:RULE:WHAT needs …
        let found = report.lines().filter_map(|line| line.split_once(":E9001:")?.1.split_once(" needs "));
        let found = found.map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(found, wrong, "{report}");
        assert_eq!(found.len(), report.lines().count(), "nothing else is wrong there: {report}");
    }
}

#[test]
fn every_example_has_a_template_that_follows_the_conventions() {
    let report = conventions(&templates());
    assert!(report.is_empty(), "{} findings\n{report}\n", report.lines().count());
}

/// What is broken in the template that follows the conventions: a text, the text that replaces it, and the only findings.
const BROKEN: &[(&str, &str, &[&str])] = &[
    (
        "AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n      Namespace: AWS/ApiGateway",
        "Namespace: AWS/ApiGateway",
        &["the alarm ServerErrorAlarm notifies no topic"],
    ),
    // A topic of the template, or an ARN, is one.
    ("!If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]", "[!Sub \"${Orders.Arn}\"]", &[]),
    ("!If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]", "[]", &["notifies no topic"]),
    (
        "!If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]",
        "[!Ref AlarmTopicArn]",
        &["cannot be created without AlarmTopicArn"],
    ),
    ("    Default: \"\"\n", "", &["no parameter names a topic for the alarms"]),
    ("!Not [!Equals [!Ref AlarmTopicArn, \"\"]]", "!Equals [!Ref AlarmTopicArn, \"\"]", &["alarms do not follow"]),
    ("MetricName: 5xx", "MetricName: 4xx", &["nothing watches the server errors of Api"]),
    ("Url5xxCount", "Url4xxCount", &["nothing watches the server errors of the URL of Ship"]),
    ("!Ref Ship\n            Period", "!Ref Saga\n            Period", &["nothing watches the throttles of Ship"]),
    ("        ThrottlingBurstLimit: 100\n", "", &["nothing limits the requests of Api"]),
    ("DestinationArn: !GetAtt Logs.Arn", "DestinationArn: logs", &["the requests that Api rejects are in no log"]),
    ("!GetAtt Failed.QueueName", "!GetAtt Orders.QueueName", &["nothing watches the dead-letter queue Failed"]),
    // A function reads this dead-letter queue, so what the function cannot process goes to another one.
    (
        "MetricName: ApproximateAgeOfOldestMessage\n      Dimensions:\n        - Name: QueueName\n          Value: !GetAtt Missed",
        "MetricName: ApproximateNumberOfMessagesVisible\n      Dimensions:\n        - Name: QueueName\n          Value: !GetAtt Missed",
        &[
            "the alarm of the dead-letter queue Missed misses what a function",
            "nothing watches how long messages of Missed wait",
        ],
    ),
    (
        "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt Failed.Arn\n        maxReceiveCount: 5\n      MessageRetention",
        "      MessageRetention",
        &["messages of Missed are given up too early, or never"],
    ),
    // SQS counts the receives of both queues.
    (
        "deadLetterTargetArn: !GetAtt Failed.Arn",
        "deadLetterTargetArn: !GetAtt Missed.Arn",
        &["messages of Missed are given up too early, or never"],
    ),
    ("Value: !Ref Missed", "Value: !Ref Orders", &["the dead-letter queue Missed is not an output"]),
    ("1209600\n\n  Missed", "345600\n\n  Missed", &["the dead-letter queue Failed discards messages"]),
    ("            ScalingConfig:\n              MaximumConcurrency: 10\n", "", &["concurrency of the event ShipOrder"]),
    ("VisibilityTimeout: 60", "VisibilityTimeout: 59", &["a message of Orders may come again while Ship is retried"]),
    (
        "              MaximumConcurrency: 10\n",
        "              MaximumConcurrency: 10\n            MaximumBatchingWindowInSeconds: 1\n",
        &["a message of Orders may come again while Ship is retried"],
    ),
    ("maxReceiveCount: 5", "maxReceiveCount: 4", &["messages of Orders are given up too early, or never"]),
    ("1209600 # As in the dead-letter queue.", "345600", &["messages of Orders expire while its function is stopped"]),
    (
        "MetricName: ApproximateAgeOfOldestMessage",
        "MetricName: NumberOfMessagesSent",
        &["nothing watches how long messages of Orders wait"],
    ),
    (
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
        &["a mistake in the table Shipments cannot be undone"],
    ),
    (
        "  Shipments:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain",
        "  Shipments:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Delete",
        &["the table Shipments is deleted with its data"],
    ),
    (
        "  Shipments:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n",
        "  Shipments:\n    Type: AWS::DynamoDB::Table\n",
        &["the table Shipments is deleted with its data"],
    ),
    (
        " # They are computed from the shipments, so the table is deleted with the stack.",
        "",
        &["the table Totals is deleted with its data"],
    ),
    ("      PreventUserExistenceErrors: ENABLED\n", "", &["UsersClient shows which users exist"]),
    (
        "RetentionInDays: 30",
        "LogGroupClass: STANDARD",
        &["the log of Place is kept", "the log of Ship is kept", "the requests that Api rejects are in no log"],
    ),
    ("      LogGroup: !Ref Logs\n", "", &["the log of Place is kept", "the log of Ship is kept"]),
    ("LogFormat: JSON", "LogFormat: Text", &["Place has another LogFormat", "Ship has another LogFormat"]),
    ("SystemLogLevel: INFO", "SystemLogLevel: WARN", &["Place has another System", "Ship has another System"]),
    ("POWERTOOLS_SERVICE_NAME", "SERVICE", &["spans of Place have no service name", "spans of Ship have no service"]),
    ("            OmitName: true\n", "", &["PlaceNightly has a fixed name"]),
    (
        "      AutoPublishAlias: live\n",
        "      AutoPublishAlias: live\n      FunctionName: ship\n",
        &["Ship has a fixed name"],
    ),
    (
        "      VisibilityTimeout: 60\n",
        "      VisibilityTimeout: 60\n      QueueName: orders\n",
        &["Orders has a fixed name"],
    ),
    (
        "  Logs:\n    Type: AWS::Logs::LogGroup",
        "  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Sub ${AWS::StackName}-a\n  \
         Logs:\n    Type: AWS::Logs::LogGroup",
        &["Bucket has a fixed name"],
    ),
    ("Name: shop", "Name: !Sub ${AWS::StackName}-shop", &["`Name` of Shop can be too long"]),
    ("Resource: ${ShipArn}", "Resource: arn:aws:states:::lambda:invoke", &["names a partition"]),
    ("${AWS::URLSuffix}", "amazonaws.com", &["the output Url names a domain"]),
    ("!Ref Ship.Alias", "!GetAtt Ship.Arn", &["Saga invokes Ship itself"]),
    (" The API is public.", "", &["an endpoint has no authorizer: POST /orders of Api"]),
    (" The API is public.", " Public.", &[]),
    (" The API is public.", " This API must never become public.", &["an endpoint has no authorizer"]),
    (" The API is public.", " No API\n# is public.", &["an endpoint has no authorizer"]),
    (" The API is public.", " It is reported if the API is public.", &["an endpoint has no authorizer"]),
];

/// The same of a REST API.
const BROKEN_REST: &[(&str, &str, &[&str])] = &[
    ("        DefaultAuthorizer: AWS_IAM\n", "", &["an endpoint has no authorizer: GET /users of Rest"]),
    (
        "        DefaultAuthorizer: AWS_IAM\n",
        "        ApiKeyRequired: true\n",
        &["an endpoint has no authorizer: GET /users of Rest"],
    ),
    ("          ThrottlingRateLimit: 50\n", "", &["nothing limits the requests of Rest"]),
    ("ResourcePath: \"/*\"", "ResourcePath: /users", &["nothing limits the requests of Rest"]),
    ("DestinationArn: !GetAtt Logs.Arn", "DestinationArn: logs", &["the requests that Rest rejects are in no log"]),
    ("MetricName: 5XXError", "MetricName: 4XXError", &["nothing watches the server errors of Rest"]),
    ("Value: !Ref AWS::StackName", "Value: rest", &["nothing watches the server errors of Rest"]),
    ("MetricName: Throttles", "MetricName: Errors", &["nothing watches the throttles of Users"]),
];

#[test]
fn each_broken_convention_is_reported_alone() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates");
    fs::create_dir_all(&folder).expect("a folder");
    let flags = folder.join("flags.yaml");
    let mut files = vec![flags.clone()];
    for (name, broken) in [("conventions", BROKEN), ("rest", BROKEN_REST)] {
        let right = Path::new(HERE).join(format!("../fixtures/templates/{name}.yaml"));
        let text = fs::read_to_string(&right).expect("the template");
        assert!(lint(std::slice::from_ref(&right)).status.success(), "cfn-lint accepts {name}.yaml");
        if name == "conventions" {
            fs::write(&flags, &text).expect("a template");
        }
        files.push(right);
        for (index, (part, other, _)) in broken.iter().enumerate() {
            assert!(text.contains(part), "{part}");
            files.push(folder.join(format!("{name}-{index}.yaml")));
            fs::write(files.last().expect("a file"), text.replacen(part, other, 1)).expect("a template");
        }
    }
    let report = conventions(&files);
    let of = |name: &str| report.lines().filter(|line| line.starts_with(&format!("{name}: "))).collect::<Vec<_>>();
    assert_eq!(of("flags").len(), 1, "{report}");
    assert!(of("flags")[0].contains("anybody can say who they are"), "{report}");
    for (name, broken) in [("conventions", BROKEN), ("rest", BROKEN_REST)] {
        assert!(of(name).is_empty(), "{report}");
        for (index, (part, _, expected)) in broken.iter().enumerate() {
            let found = of(&format!("{name}-{index}"));
            let is_expected = |finding: &str| expected.iter().any(|part| finding.contains(part));
            let is_complete = found.len() == expected.len() && found.iter().all(|finding| is_expected(finding));
            assert!(is_complete, "{part}: {found:?}");
        }
    }
}
