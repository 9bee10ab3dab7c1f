//! What makes two requests the same one.

use std::env;
use std::time::Duration;

use pilaster::idempotency::{Idempotency, MemoryStore};

/// How long a request may be repeated.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Records in the DynamoDB table that `IDEMPOTENCY_TABLE` names, or in memory.
///
/// # Panics
///
/// If there is a table and no client for it: then the function does not start.
pub fn once() -> Idempotency {
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
    // Both functions share the table. Their keys are of two kinds, a caller's own and an order's, so they never meet.
    idempotency.prefix("payments").require_key().expires_after(A_DAY)
}
