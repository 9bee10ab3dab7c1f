//! Encoding and decoding are inverse in each adapter, by `proptest`, which shrinks a counterexample.
//!
//! `PROPTEST_CASES` says how many cases each property is tried with, `PROPTEST_RNG_SEED` with which ones.

mod gateway;
mod http;
mod kept;
mod lambda_http;
mod oracles;
mod records;
mod sent;
mod spelled;

use std::cell::RefCell;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;

/// Tries a property.
pub(crate) fn holds<S: Strategy>(strategy: S, property: impl Fn(S::Value)) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 48;
    }
    if config.rng_seed == RngSeed::Random {
        // The same ones in each run.
        config.rng_seed = RngSeed::Fixed(7);
    }
    let tried = TestRunner::new(config).run(&strategy, |value| {
        SEEN.take();
        property(value);
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

thread_local! {
    /// The input of a function: the functions of these tests run on the thread of their test.
    static SEEN: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

fn see(value: Value) {
    SEEN.with_borrow_mut(|seen| seen.push(value));
}

/// Text of any characters, as long as that.
fn text(most: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..=most).prop_map(String::from_iter)
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

/// A value that JSON and DynamoDB both hold exactly.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) + 0.25)),
        text(20).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::from), object(inner)])
}

fn object(of: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map(text(8), of, 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}
