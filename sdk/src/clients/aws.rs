//! The AWS SDK's clients: one configuration, one HTTP client and connection pool for all of them.
//!
//! - **TLS** is rustls with ring. AWS-LC spends about 37 ms of CPU on its first random number, which is half a second on the
//!   smallest function. Plain `http://` endpoints work too.
//! - **Credentials, region, endpoint** are the SDK's default chain, so `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`,
//!   `AWS_PROFILE` and the rest mean what they mean everywhere. With an endpoint of one's own S3 is called path-style,
//!   since `bucket.localhost` seldom resolves.
//! - **Retries** are the SDK's standard mode, three attempts (`AWS_MAX_ATTEMPTS`, `AWS_RETRY_MODE`), but they begin after at
//!   most 100 ms instead of 1 s and never wait more than 2 s: a caller waits, and the sandbox is paid for while it sleeps.
//!   It also hides a pooled connection that died while the sandbox was frozen.
//! - **Time**: a connection has 2 s, room for one lost packet within the default time-out of a function (3 s). An operation
//!   as a whole has no limit of its own, since a large upload is no failure; it ends with the future that awaits it, so
//!   with its request. What the [secrets'](crate::config) cache fetches is on its own and ends after 10 s.
//!
//! Another configuration is put in by `clients.insert(config)`: clients made after that use it.

#![cfg_attr(
    not(any(feature = "http", feature = "secrets", feature = "parameters", feature = "appconfig")),
    allow(dead_code, reason = "only an HTTP answer and the configuration's cache tell throttling from other errors")
)]

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig, default_provider::retry_config};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Clients, FromClients};
use crate::core::error::BoxError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

impl FromClients for SharedHttpClient {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https())
    }
}

impl FromClients for SdkConfig {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let retries = retry_config::default_provider().retry_config().await;
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(clients.get::<SharedHttpClient>().await?)
            .retry_config(retries.with_initial_backoff(FIRST_RETRY).with_max_backoff(LONGEST_RETRY))
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
        Ok(config.load().await)
    }
}

/// `feature: crate, what is set for it alone, [the errors by which the service's model says "slow down"];`
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
                    let config = config.interceptor(traced::Traced);
                    Ok(Self::from_conf(config.build()))
                }
            }
        )*

        /// Whether this very error (not its source) is one by which a service asks for fewer requests.
        fn is_throttling(error: &(dyn StdError + 'static)) -> bool {
            $(
                #[cfg(feature = $feature)]
                {
                    // A crate's own `Error`, into which all its operations' errors convert, hides the model's error.
                    if error.downcast_ref::<$sdk::Error>().is_some_and(has_throttling_code) {
                        return true;
                    }
                    $(
                        if error.is::<$sdk::types::error::$throttled>() {
                            return true;
                        }
                    )*
                }
            )*
            error.downcast_ref::<ErrorMetadata>().is_some_and(has_throttling_code)
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

/// The codes for "slow down", as the SDK's own retries list them
/// ([`THROTTLING_ERRORS`](https://docs.rs/aws-runtime/latest/aws_runtime/retries/classifiers/constant.THROTTLING_ERRORS.html)),
/// with those of KMS behind another service. Kept apart from `LimitExceededException` and its like, which
/// are quotas that no waiting changes.
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

/// Whether an error, or one that caused it, is an AWS service asking for fewer requests.
///
/// `SdkError` is generic over the operation, so it is not to be found behind a `dyn Error`; what its chain ends in is: the
/// error of the service's model, or, where the model has none, [`ErrorMetadata`] with the code.
pub(crate) fn throttled(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if is_throttling(error) {
            return true;
        }
        #[cfg(feature = "dynamodb")]
        if is_throttled_transaction(error) {
            return true;
        }
        next = error.source();
    }
    false
}

/// A transaction is cancelled with one reason per item: throttled, if one of them was and no condition failed, since then
/// the same transaction may pass later.
#[cfg(feature = "dynamodb")]
fn is_throttled_transaction(error: &(dyn StdError + 'static)) -> bool {
    let cancelled = error.downcast_ref::<aws_sdk_dynamodb::types::error::TransactionCanceledException>();
    let reasons = cancelled.map(|error| error.cancellation_reasons()).unwrap_or_default();
    let any = |wanted: &[&str]| reasons.iter().filter_map(|reason| reason.code()).any(|code| wanted.contains(&code));
    any(&["ThrottlingError", "ProvisionedThroughputExceeded"]) && !any(&["ConditionalCheckFailed", "ValidationError"])
}

#[cfg(test)]
#[cfg(feature = "secretsmanager")]
pub(crate) mod replay;
#[cfg(test)]
#[cfg(all(feature = "dynamodb", feature = "secretsmanager"))]
mod tests;
#[cfg(feature = "otel")]
mod traced;
