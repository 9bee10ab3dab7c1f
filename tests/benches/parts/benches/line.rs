//! A log line with twelve fields, by Pilaster's lines and by tracing-subscriber's JSON, into nothing.

use std::io;

use divan::{Bencher, black_box};
use pilaster::observe::logging::Logs;
use tracing::Subscriber;

fn twelve() {
    tracing::info!(
        status = 201,
        order = black_box("A-1042"),
        customer = "8f14e45f",
        amount = 129.95,
        currency = "EUR",
        items = 3,
        express = true,
        country = "AT",
        warehouse = "vienna-2",
        carrier = "post",
        attempts = 1_u64,
        note = "leave it \"at the gate\"",
        "order placed"
    );
}

fn bench(bencher: Bencher<'_, '_>, subscriber: impl Subscriber + Send + Sync + 'static) {
    tracing::subscriber::with_default(subscriber, || bencher.bench_local(twelve));
}

#[divan::bench]
fn by_pilaster(bencher: Bencher<'_, '_>) {
    bench(bencher, Logs::new().writer(io::sink()).build());
}

#[divan::bench]
fn by_tracing_subscriber(bencher: Bencher<'_, '_>) {
    bench(bencher, tracing_subscriber::fmt().json().flatten_event(true).with_writer(io::sink).finish());
}
