//! The AWS SDK's clients: one configuration, one HTTP client and connection pool for all of them.
//!
//! - **TLS** is rustls with ring. AWS-LC needs about 37 ms of CPU for its first random number, which is half a second
//!   on the smallest function. The root certificates are those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
//!   Plain `http://` endpoints work too.
//! - **HTTP** is HTTP/1.1. For an operation that needs HTTP/2, such as Kinesis' `SubscribeToShard`, insert a
//!   `SharedHttpClient` of the crate `aws-smithy-http-client` before the first client is created: the configuration
//!   of all clients keeps the one that it was created with.
//! - **Credentials, region, endpoint** are the SDK's default chain, so `AWS_ENDPOINT_URL`,
//!   `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_PROFILE` and the others work as usual. With a custom endpoint, S3 is called
//!   path-style, since `bucket.localhost` usually does not resolve.
//! - **Retries** are the SDK's standard mode, three attempts (`AWS_MAX_ATTEMPTS`, `AWS_RETRY_MODE`), but the first one
//!   follows after at most 100 ms instead of 1 s and never wait more than 2 s: a caller is waiting, and the sandbox is
//!   billed while it sleeps. They also hide a pooled connection that died while the sandbox was frozen.
//! - **Time-outs**: connecting may take 2 s, which allows for one lost packet within the default time-out of a function
//!   (3 s). An operation has no time-out, since a large upload is not a failure; it ends with the future that awaits
//!   it, and thus with its request. A fetch of the [configuration cache](crate::config) is a separate task and ends
//!   after 10 s.
//!
//! `clients.insert(config)` sets another configuration: clients created afterwards use it.

#![cfg_attr(
    not(any(feature = "http", feature = "secrets", feature = "parameters", feature = "appconfig")),
    allow(dead_code, reason = "only HTTP errors and the configuration cache distinguish throttling")
)]

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig, default_provider::retry_config};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Clients, FromClients};
use crate::core::error::{BoxError, as_error, causes};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

impl FromClients for SharedHttpClient {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get::<connections::Connections>().await?))
    }
}

impl FromClients for SdkConfig {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let retries = retry_config::default_provider().retry_config().await;
        let mut config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(clients.get::<SharedHttpClient>().await?)
            .retry_config(retries.with_initial_backoff(FIRST_RETRY).with_max_backoff(LONGEST_RETRY))
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
        // What comes first in the default chains, which otherwise make clients of STS and of the instance metadata.
        if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
            config = config.region(region);
        }
        if ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().all(|name| crate::core::env::var(name).is_some()) {
            config = config.credentials_provider(EnvironmentVariableCredentialsProvider::new());
        }
        Ok(config.load().await)
    }
}

/// `feature: crate, a change of its configuration, [the throttling errors of the service's model];`
macro_rules! aws_clients {
    ($($feature:literal: $sdk:ident, $adjust:expr, [$($throttled:ident),*];)*) => {
        $(
            #[cfg(feature = $feature)]
            impl FromClients for $sdk::Client {
                async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
                    let adjust: fn(&SdkConfig, $sdk::config::Builder) -> $sdk::config::Builder = $adjust;
                    let shared = clients.get::<SdkConfig>().await?;
                    let config = adjust(&shared, (&shared).into());
                    #[cfg(feature = "otel")]
                    let config = config.interceptor(spans::CallSpans);
                    Ok(Self::from_conf(config.build()))
                }
            }
        )*

        /// Returns `true` if this error itself, ignoring its source, is a throttling error.
        fn is_throttling(error: &(dyn StdError + 'static)) -> bool {
            $(
                #[cfg(feature = $feature)]
                {
                    // A crate's own `Error`, which the errors of its operations convert into, hides the model's error.
                    if as_error::<$sdk::Error>(error).is_some_and(has_throttling_code) {
                        return true;
                    }
                    $(
                        if as_error::<$sdk::types::error::$throttled>(error).is_some() {
                            return true;
                        }
                    )*
                }
            )*
            as_error::<ErrorMetadata>(error).is_some_and(has_throttling_code)
        }
    };
}

aws_clients! {
    "dynamodb": aws_sdk_dynamodb, |_, config| config, [ProvisionedThroughputExceededException, RequestLimitExceeded, ThrottlingException];
    "secretsmanager": aws_sdk_secretsmanager, |_, config| config, [];
    "s3": aws_sdk_s3, s3, [];
    "sqs": aws_sdk_sqs, |_, config| config, [RequestThrottled, KmsThrottled];
    "sns": aws_sdk_sns, |_, config| config, [ThrottledException, KmsThrottlingException];
    "ssm": aws_sdk_ssm, |_, config| config, [ThrottlingException, TooManyUpdates];
    "appconfig": aws_sdk_appconfigdata, |_, config| config, [ThrottlingException];
    "eventbridge": aws_sdk_eventbridge, |_, config| config, [ThrottlingException];
    "sfn": aws_sdk_sfn, |_, config| config, [KmsThrottlingException];
    "lambda": aws_sdk_lambda, |_, config| config, [TooManyRequestsException, Ec2ThrottledException];
}

#[cfg(feature = "s3")]
fn s3(shared: &SdkConfig, config: aws_sdk_s3::config::Builder) -> aws_sdk_s3::config::Builder {
    let own_endpoint = shared.endpoint_url().is_some() || crate::core::env::is_set("AWS_ENDPOINT_URL_S3");
    config.force_path_style(own_endpoint)
}

/// The throttling codes that the SDK's own retries use
/// ([`THROTTLING_ERRORS`](https://docs.rs/aws-runtime/latest/aws_runtime/retries/classifiers/constant.THROTTLING_ERRORS.html)),
/// with those of KMS behind another service. `LimitExceededException` and similar codes are not included: a retry does
/// not change a quota.
const THROTTLING: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "KMSThrottling",
    "KMSThrottlingException",
    "KmsThrottled",
    "KmsThrottlingException",
    "SlowDown",
    "TooManyUpdates",
];

fn has_throttling_code(error: &impl ProvideErrorMetadata) -> bool {
    error.code().is_some_and(|code| THROTTLING.contains(&code))
}

/// Returns `true` if an error, or one of its causes, is a throttling error of an AWS service.
///
/// `SdkError` is generic over the operation, so it cannot be found behind a `dyn Error`. The end of its chain can be
/// found: the error of the service's model, or [`ErrorMetadata`] with the code if the model has none.
pub(crate) fn throttled(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|error| {
        #[cfg(feature = "dynamodb")]
        if is_throttled_transaction(error) {
            return true;
        }
        is_throttling(error)
    })
}

/// The reasons for which a transaction is cancelled because one of its items was throttled.
#[cfg(feature = "dynamodb")]
pub(crate) const THROTTLED_REASONS: [&str; 2] = ["ThrottlingError", "ProvisionedThroughputExceeded"];

/// Returns `true` if a cancelled transaction, which has one reason per item, was throttled: at least one item was, and
/// no condition failed, so the same transaction may succeed later.
#[cfg(feature = "dynamodb")]
fn is_throttled_transaction(error: &(dyn StdError + 'static)) -> bool {
    let cancelled = as_error::<aws_sdk_dynamodb::types::error::TransactionCanceledException>(error);
    let reasons = cancelled.map(|error| error.cancellation_reasons()).unwrap_or_default();
    let any = |wanted: &[&str]| reasons.iter().filter_map(|reason| reason.code()).any(|code| wanted.contains(&code));
    any(&THROTTLED_REASONS) && !any(&["ConditionalCheckFailed", "ValidationError"])
}

#[cfg(all(feature = "dynamodb", any(feature = "idempotency", feature = "table")))]
pub(crate) mod attribute_value;
pub(crate) mod connections;
#[cfg(feature = "websocket")]
pub(crate) mod management;
#[cfg(test)]
#[cfg(feature = "secretsmanager")]
pub(crate) mod replay;
#[cfg(feature = "otel")]
mod spans;
#[cfg(test)]
#[cfg(all(feature = "dynamodb", feature = "secretsmanager"))]
mod tests;
#[cfg(all(feature = "dynamodb", any(feature = "idempotency", feature = "table")))]
pub(crate) mod unique;
