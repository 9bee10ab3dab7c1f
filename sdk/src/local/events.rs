//! The events that `cargo run -- --event NAME` prints.

/// The event to start from, by name.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("sqs", include_str!("events/sqs.json")),
    ("sqs-fifo", include_str!("events/sqs-fifo.json")),
    ("sns", include_str!("events/sns.json")),
    ("s3", include_str!("events/s3.json")),
    ("kinesis", include_str!("events/kinesis.json")),
    ("dynamodb", include_str!("events/dynamodb.json")),
    ("eventbridge", include_str!("events/eventbridge.json")),
    ("schedule", include_str!("events/schedule.json")),
    ("http", include_str!("events/http.json")),
    ("appsync", include_str!("events/appsync.json")),
    ("appsync-batch", include_str!("events/appsync-batch.json")),
    ("appsync-authorizer", include_str!("events/appsync-authorizer.json")),
    ("channels", include_str!("events/channels.json")),
    ("channels-subscribe", include_str!("events/channels-subscribe.json")),
    ("channels-authorizer", include_str!("events/channels-authorizer.json")),
    ("bedrock", include_str!("events/bedrock.json")),
    ("bedrock-openapi", include_str!("events/bedrock-openapi.json")),
    ("agentcore", include_str!("events/agentcore.json")),
    ("agentcore-context", include_str!("events/agentcore-context.json")),
    ("mcp", include_str!("events/mcp.json")),
];

#[cfg(test)]
mod tests;
