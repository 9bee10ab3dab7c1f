//! `POST /users`, hand-written, with as many invocations at a time as `AWS_LAMBDA_MAX_CONCURRENCY` says: on one thread, or by
//! `BENCH_THREADS=1` on tokio's pool.

use lambda_http::{Error, run_concurrent, service_fn};

fn main() -> Result<(), Error> {
    let mut builder = match std::env::var_os("BENCH_THREADS") {
        Some(_) => tokio::runtime::Builder::new_multi_thread(),
        None => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build()?.block_on(run_concurrent(service_fn(bare_http::create)))
}
