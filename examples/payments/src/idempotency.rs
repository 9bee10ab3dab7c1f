//! The idempotency configuration shared by both functions.

use std::env;
use std::time::Duration;

use pilaster::idempotency::{Idempotency, MemoryStore};

/// The retention time of records.
const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the idempotency configuration, with records in the DynamoDB table named by `IDEMPOTENCY_TABLE` or in memory.
///
/// # Panics
///
/// If a table is configured but this build has no client for it. The function then fails to start.
pub fn idempotency() -> Idempotency {
    let table = env::var("IDEMPOTENCY_TABLE").ok().filter(|table| !table.is_empty());
    let idempotency = match table {
        #[cfg(feature = "aws")]
        Some(table) => Idempotency::from_env(pilaster::idempotency::DynamoDbStore::table(table)),
        #[cfg(not(feature = "aws"))]
        Some(_) => {
            panic!("IDEMPOTENCY_TABLE is set, but this build has no AWS clients: build it with `--features aws`")
        }
        None => Idempotency::from_env(MemoryStore::new()),
    };
    // Both functions share the table. Their keys, the caller's and the order's, never collide.
    idempotency.prefix("payments").require_key().expires_after(ONE_DAY)
}
