//! The layers before each function: verify the token, count the request of its tenant, pass the tenant's notes on.

use pilaster::Client;
use pilaster::http::{self, Jwt, Next, RateLimitLayer, Request, Response, from_fn};
use pilaster::observe::logging;
use pilaster::rate_limit::{Quota, RateLimit};

use crate::notes::Notes;
use crate::tenant::{Caller, Tenants};

pub(crate) fn stack() -> http::Stack {
    // The users of a tenant share 20 requests at once, and then one per second.
    let limit = RateLimit::from_table_variable("LIMITS_TABLE", Quota::per_minute(60).burst(20)).name("tenant");
    // A request without a valid token is rejected here, and counts for no tenant.
    let limit = RateLimitLayer::new(limit).by_extractor(|Jwt(caller): Jwt<Caller>| caller.tenant.partition());
    http::Stack::new().rate_limit(limit.headers()).layer(from_fn(admit))
}

async fn admit(
    Jwt(Caller { tenant }): Jwt<Caller>,
    Client(Tenants(table)): Client<Tenants>,
    mut request: Request,
    next: Next,
) -> Response {
    logging::append_key("tenant", &tenant);
    request.extensions_mut().insert(Notes { tenant, table });
    next.run(request).await
}
