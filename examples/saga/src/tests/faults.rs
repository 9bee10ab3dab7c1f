//! A call that is slow, a process that ends, and a deployment in the middle of an execution.

use std::cell::Cell;
use std::time::Duration;

use pilaster::testing::Caller;
use pilaster::{BoxError, Event};
use serde_json::{Value, json};

use super::machine::{Failure, execute};
use super::{input, payment, shop, step, units};

/// Returns the name of the error of a call that is not finished at its deadline.
async fn name_of_a_slow_call() -> String {
    async fn hang(_: Event<Value>) -> Result<(), BoxError> {
        std::future::pending().await
    }
    let caller = Caller::new(pilaster::handler(hang)).with_time_left(Duration::from_secs(10)).without_logs();
    caller.call(json!({})).await.expect_err("it does not end").error_type().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_step_is_retried_after_one_call_that_is_slow_or_whose_process_ends() {
    for name in [name_of_a_slow_call().await.as_str(), "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"] {
        for slow in ["Reserve", "Charge", "Ship"] {
            for has_effect in [false, true] {
                let (shop, table) = shop().await;
                let is_first = Cell::new(true);
                let call = async |step_name: String, input: Value| {
                    if step_name != slow || !is_first.replace(false) {
                        return step(&shop, &step_name, &input).await;
                    }
                    if has_effect {
                        let _ = step(&shop, &step_name, &input).await;
                    }
                    Err(Failure::new(name, "it is slow"))
                };
                let execution = execute("o-1", input(json!({})), call).await;
                assert_eq!(execution.end(), "Shipped", "{name} of {slow}, with its effect: {has_effect}");
                assert_eq!((units(&table).await, payment(&table, "o-1").await), (98, json!([1800, false])));
            }
        }
    }
}

/// A deployment in the middle of an execution makes a rule of `Order` stricter.
#[tokio::test]
async fn an_order_that_was_charged_is_never_refused_as_if_nothing_was_done() {
    for first in ["Charge", "Ship", "Refund", "Release"] {
        let (shop, table) = shop().await;
        let is_deployed = Cell::new(false);
        let call = async |name: String, input: Value| {
            is_deployed.set(is_deployed.get() || name == first);
            if is_deployed.get() {
                return Err(Failure::new("InvalidEvent", "country: it must have two letters"));
            }
            step(&shop, &name, &input).await
        };
        let execution = execute("o-1", input(json!({ "country": "AQ" })), call).await;
        assert_eq!(execution.end(), "CompensationFailed", "from {first} on");
        let message = &execution.notified[0];
        assert_eq!(message["release_failure"]["Error"], "InvalidEvent", "{message}");
        assert_eq!(message["refund"]["refunded"].is_object(), first == "Release", "{message}");
        assert_eq!(units(&table).await, 98, "the operator finishes what the message says");
    }
}
