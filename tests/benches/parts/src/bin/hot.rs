//! Invokes one function again and again, without a Runtime API: what `tests/benches/gate.sh` counts the instructions of.
//!
//! `hot users 1000` and the like; log lines go to standard output.

use std::hint::black_box;

use bench_parts::{invoke, mcp, orders, runtime, users};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let case = arguments.next().unwrap_or_default();
    let times: u32 = arguments.next().and_then(|times| times.parse().ok()).expect("`hot CASE TIMES`");
    pilaster::observe::logging::init();
    let (mut create, mut ship) = (users::by_pilaster(), orders::by_pilaster());
    // Its layer is the process's: the others go without.
    let mut metered = (case == "users-metered").then(users::metered);
    let (mut call, mut post) = (mcp::by_tool(), mcp::by_post());
    runtime().block_on(async {
        for _ in 0..times {
            match case.as_str() {
                "users" => drop(black_box(invoke(&mut create, users::EVENT).await)),
                "users-metered" => {
                    let metered = metered.as_mut().expect("it was made");
                    drop(black_box(invoke(metered, users::EVENT).await));
                }
                "users-by-hand" => drop(black_box(users::by_hand(users::EVENT).await)),
                "orders" => drop(black_box(invoke(&mut ship, orders::EVENT).await)),
                "orders-by-hand" => drop(black_box(orders::by_hand(orders::EVENT))),
                "mcp" => drop(black_box(invoke(&mut call, mcp::CALL).await)),
                "mcp-post" => drop(black_box(invoke(&mut post, mcp::CALL).await)),
                other => panic!(
                    "no case {other:?}: users, users-metered, users-by-hand, orders, orders-by-hand, mcp, mcp-post"
                ),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_do_the_work() {
        runtime().block_on(async {
            for answer in [
                invoke(&mut users::by_pilaster(), users::EVENT).await.as_json().expect("JSON").get().to_owned(),
                invoke(&mut users::metered(), users::EVENT).await.as_json().expect("JSON").get().to_owned(),
                users::by_hand(users::EVENT).await,
            ] {
                let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
                assert_eq!(answer["statusCode"], 201, "{answer}");
                assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com", "{answer}");
                assert!(answer["body"].as_str().is_some_and(|body| body.contains("Ada Lovelace")), "{answer}");
            }
            let failed =
                invoke(&mut orders::by_pilaster(), orders::EVENT).await.as_json().expect("JSON").get().to_owned();
            assert_eq!(failed, orders::by_hand(orders::EVENT));
            let called = invoke(&mut mcp::by_tool(), mcp::CALL).await.as_json().expect("JSON").get().to_owned();
            let posted = invoke(&mut mcp::by_post(), mcp::CALL).await.as_json().expect("JSON").get().to_owned();
            for answer in [called, posted] {
                let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
                assert!(
                    answer["body"].as_str().is_some_and(|body| body.contains(r#""name":"Ada Lovelace""#)),
                    "{answer}"
                );
            }
            assert!(failed.contains("0007") && !failed.contains("0008"), "{failed}");
        });
    }
}
