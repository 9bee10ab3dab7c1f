//! The layer before each function: takes the tenant from the claims, counts the request, passes the tenant's notes on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::Client;
use pilaster::http::{Claims, HttpError, Next, Request, Response};
use pilaster::observe::logging;
use pilaster::table::{Item, Table, TableError};
use serde::{Deserialize, Serialize};

use crate::notes::Notes;
use crate::tenant::{Caller, Tenant, Tenants};

/// The number of requests that a tenant may send in a minute.
pub(crate) const REQUESTS_PER_MINUTE: u32 = 60;

#[derive(Default, Serialize, Deserialize)]
struct Requests {
    count: u32,
}

pub(crate) async fn admit(
    Claims(Caller { tenant }): Claims<Caller>,
    Client(Tenants(table)): Client<Tenants>,
    mut request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    logging::append_key("tenant", &tenant);
    if let Some(wait) = count(&table, &tenant, SystemTime::now()).await? {
        return Err(HttpError::too_many_requests("the tenant has reached its limit of requests").with_retry_after(wait));
    }
    request.extensions_mut().insert(Notes { tenant, table });
    Ok(next.run(request).await)
}

/// Counts a request. Returns the seconds to wait if the limit is reached, or too many of the tenant are counted at once.
pub(crate) async fn count(table: &Table, tenant: &Tenant, now: SystemTime) -> Result<Option<u32>, TableError> {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let wait = u32::try_from(60 - seconds % 60).unwrap_or(60);
    let key = &tenant.key(format!("requests#{}", seconds / 60));
    table
        .atomically(|transaction| async move {
            let Requests { count } = transaction.get(key).await?.unwrap_or_default();
            if count >= REQUESTS_PER_MINUTE {
                return Ok(Some(wait));
            }
            let item = Item::new(key, &Requests { count: count + 1 })?.expires_at(now + Duration::from_secs(120));
            transaction.put_item(item).map(|()| None)
        })
        .await
        .or_else(|error: TableError| if error.is_conflict() { Ok(Some(1)) } else { Err(error) })
}
