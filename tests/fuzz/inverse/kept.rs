//! State between calls: the place in a list, and a replayed response.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crud::users::{ListUsers, NewUser};
use pilaster::http::{self, Body, HeaderName, HeaderValue, Method, Response, StatusCode};
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::testing::{Caller, http as request};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{bytes, holds, text};
use crate::decoders::block_on;

#[test]
fn the_pages_of_a_list_are_the_list() {
    holds((0_usize..25, 1_usize..9), |(count, limit)| {
        block_on(async {
            let users = crud::store::Users::in_memory();
            let mut inserted = Vec::new();
            for at in 0..count {
                let new = serde_json::json!({ "name": format!("user {at}"), "email": format!("u{at}@example.com") });
                inserted.push(users.insert(serde_json::from_value::<NewUser>(new).unwrap()).await.unwrap().id);
            }
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let page = users.list(ListUsers { limit: Some(limit), cursor }).await.unwrap();
                assert!(page.users.len() <= limit);
                found.extend(page.users.iter().map(|user| user.id));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            inserted.sort();
            assert_eq!(found, inserted);
        });
    });
}

thread_local! {
    static ANSWER: RefCell<Option<Response>> = const { RefCell::new(None) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

async fn answers(_: Method) -> Response {
    CALLS.set(CALLS.get() + 1);
    ANSWER.take().unwrap()
}

#[test]
fn an_answer_that_is_given_again_is_the_first_one() {
    let once = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").require_key());
    let caller = Caller::new(pilaster::handler(answers).layer(http::Stack::new().idempotency(once)));
    let headers = btree_map("x-[a-z0-9]{1,6}", vec("[!-~é🦀]([ -~é🦀]{0,30}[!-~é🦀])?", 1..3), 0..4);
    let body = prop_oneof![bytes(100), text(60).prop_map(String::into_bytes)];
    let keys = Cell::new(0);
    holds((200_u16..408, headers, body), |(status, headers, body): (_, BTreeMap<String, Vec<String>>, _)| {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, values) in headers {
            for value in values {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                response.headers_mut().append(name.parse::<HeaderName>().unwrap(), value);
            }
        }
        ANSWER.set(Some(response));
        CALLS.set(0);
        keys.set(keys.get() + 1);
        let again = || request::post("/").header("idempotency-key", format!("\"{}\"", keys.get())).text("pay");
        let (first, second) = (block_on(caller.send(again())).unwrap(), block_on(caller.send(again())).unwrap());
        assert_eq!(CALLS.get(), 1);
        assert_eq!((first.status(), first.bytes()), (status, second.bytes()));
        assert_eq!((second.status(), second.headers()), (first.status(), first.headers()));
    });
}
