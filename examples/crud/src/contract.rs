//! The contract of user stores, as checks that run against any of them.
//!
//! `cargo test -p crud` runs them against the memory store, the workspace's tests against real DynamoDB engines. The
//! checks do not change other users in the store.

use std::collections::HashSet;
use std::future::Future;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::store::Users;
use crate::users::{ListUsers, NewUser, User, UserPage, UserPatch, UsersError};

/// Runs every check.
///
/// # Errors
///
/// An unexpected error of the store.
///
/// # Panics
///
/// If a check fails.
pub async fn run(users: &Users) -> Result<(), UsersError> {
    a_created_user_can_be_read(users).await?;
    an_address_belongs_to_one_user(users).await?;
    only_one_of_concurrent_inserts_gets_an_address(users).await?;
    an_update_requires_the_current_version(users).await?;
    only_one_of_concurrent_updates_succeeds(users).await?;
    a_new_address_frees_the_old_one(users).await?;
    a_deleted_user_is_gone(users).await?;
    the_list_pages_through_all_users(users).await?;
    a_modified_cursor_is_rejected(users).await
}

async fn a_created_user_can_be_read(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let user = users.insert(new.clone()).await?;
    assert_eq!((&user.email, &user.name, user.version), (&new.email, &new.name, 1));
    assert_eq!(users.get(user.id).await?, user);
    assert!(matches!(users.get(Uuid::now_v7()).await, Err(UsersError::NotFound(_))));
    users.remove(user.id).await
}

async fn an_address_belongs_to_one_user(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let first = users.insert(new.clone()).await?;
    let shouted = NewUser { email: new.email.to_uppercase(), ..new };
    assert!(matches!(users.insert(shouted.clone()).await, Err(UsersError::EmailTaken(_))));

    let second = users.insert(new_user()).await?;
    let taking = users.update(second.id, UserPatch { email: Some(shouted.email.clone()), ..no_change(1) }).await;
    assert!(matches!(taking, Err(UsersError::EmailTaken(_))));
    assert_eq!(users.get(second.id).await?, second, "a rejected update changes nothing");

    let own = users.update(first.id, UserPatch { email: Some(shouted.email.clone()), ..no_change(1) }).await?;
    assert_eq!(own.email, shouted.email, "a user may change the case of its own address");
    users.remove(second.id).await?;
    users.remove(first.id).await
}

async fn only_one_of_concurrent_inserts_gets_an_address(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let created = run_concurrently(8, || {
        let (users, new) = (users.clone(), new.clone());
        async move { users.insert(new).await }
    });
    let user = only_winner(created.await, |error| matches!(error, UsersError::EmailTaken(_)));
    assert_eq!(users.get(user.id).await?, user);
    users.remove(user.id).await
}

async fn an_update_requires_the_current_version(users: &Users) -> Result<(), UsersError> {
    let user = users.insert(new_user()).await?;
    let changed = users.update(user.id, UserPatch { name: Some("Augusta".into()), ..no_change(1) }).await?;
    assert_eq!(changed, User { name: "Augusta".into(), version: 2, ..user.clone() });
    assert_eq!(users.get(user.id).await?, changed);
    for version in [0, 1, 3, u64::MAX] {
        let stale = users.update(user.id, no_change(version)).await;
        assert!(matches!(stale, Err(UsersError::VersionConflict(_))), "version {version}");
    }
    assert!(matches!(users.update(Uuid::now_v7(), no_change(1)).await, Err(UsersError::NotFound(_))));
    users.remove(user.id).await
}

async fn only_one_of_concurrent_updates_succeeds(users: &Users) -> Result<(), UsersError> {
    let user = users.insert(new_user()).await?;
    let changes = run_concurrently(8, || {
        let (users, id) = (users.clone(), user.id);
        async move { users.update(id, UserPatch { name: Some(Uuid::now_v7().to_string()), ..no_change(1) }).await }
    });
    let winner = only_winner(changes.await, |error| matches!(error, UsersError::VersionConflict(_)));
    assert_eq!(users.get(user.id).await?, winner);
    users.remove(user.id).await
}

async fn a_new_address_frees_the_old_one(users: &Users) -> Result<(), UsersError> {
    let old = new_user();
    let user = users.insert(old.clone()).await?;
    let moved = users.update(user.id, UserPatch { email: Some(new_user().email), ..no_change(1) }).await?;
    let successor = users.insert(old).await?;
    let back =
        users.update(user.id, UserPatch { email: Some(successor.email.clone()), ..no_change(moved.version) }).await;
    assert!(matches!(back, Err(UsersError::EmailTaken(_))));
    users.remove(successor.id).await?;
    users.remove(user.id).await
}

async fn a_deleted_user_is_gone(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let user = users.insert(new.clone()).await?;
    let user = users.update(user.id, no_change(user.version)).await?;
    users.remove(user.id).await?;
    assert!(matches!(users.get(user.id).await, Err(UsersError::NotFound(_))));
    assert!(matches!(users.remove(user.id).await, Err(UsersError::NotFound(_))));
    assert!(matches!(users.update(user.id, no_change(2)).await, Err(UsersError::NotFound(_))));
    let successor = users.insert(new).await?;
    users.remove(successor.id).await
}

async fn the_list_pages_through_all_users(users: &Users) -> Result<(), UsersError> {
    let mut created = Vec::new();
    for _ in 0..7 {
        created.push(users.insert(new_user()).await?);
    }
    for limit in [1, 3, 7, 100] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let UserPage { users: page, next } = users.list(ListUsers { limit: Some(limit), cursor }).await?;
            assert!(page.len() <= limit);
            assert!(next.is_none() || page.len() == limit, "only the last page may be short");
            seen.extend(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| a.id < b.id), "each user once, in order of creation");
        let ids: HashSet<_> = created.iter().map(|user| user.id).collect();
        seen.retain(|user| ids.contains(&user.id));
        assert_eq!(seen, created, "in pages of {limit}");
    }
    for user in created {
        users.remove(user.id).await?;
    }
    Ok(())
}

async fn a_modified_cursor_is_rejected(users: &Users) -> Result<(), UsersError> {
    let (first, second) = (users.insert(new_user()).await?, users.insert(new_user()).await?);
    let page = users.list(ListUsers { limit: Some(1), cursor: None }).await?;
    let good = page.next.unwrap_or_default();
    users.list(ListUsers { limit: Some(1), cursor: Some(good.clone()) }).await?;

    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&good).unwrap_or_default();
    let other_version = [&[9], &bytes[1..]].concat();
    let other_uuid = [&[1], Uuid::nil().as_bytes().as_slice()].concat();
    let encoded = [other_version, other_uuid, b"\x01EMAIL#ada@example.com".to_vec(), bytes[..9].to_vec()];
    let encoded = encoded.map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let plain = ["", "0", "EMAIL#ada@example.com", "%", "{}", &good[1..], &format!("{good}A"), &format!("{good}=")];
    for bad in encoded.iter().map(String::as_str).chain(plain) {
        let page = users.list(ListUsers { limit: None, cursor: Some(bad.to_owned()) }).await;
        assert!(matches!(page, Err(UsersError::InvalidCursor(_))), "{bad:?}");
    }
    users.remove(first.id).await?;
    users.remove(second.id).await
}

fn new_user() -> NewUser {
    NewUser { email: format!("{}@example.com", Uuid::now_v7()), name: "Ada".into() }
}

fn no_change(version: u64) -> UserPatch {
    UserPatch { version, email: None, name: None }
}

/// Runs `count` futures concurrently.
async fn run_concurrently<F>(count: usize, make: impl Fn() -> F) -> Vec<Result<User, UsersError>>
where
    F: Future<Output = Result<User, UsersError>> + Send + 'static,
{
    let tasks: tokio::task::JoinSet<_> = (0..count).map(|_| make()).collect();
    tasks.join_all().await
}

fn only_winner(results: Vec<Result<User, UsersError>>, is_expected: impl Fn(&UsersError) -> bool) -> User {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    for error in lost.into_iter().filter_map(Result::err) {
        assert!(is_expected(&error), "{error:?}");
    }
    let mut won = won.into_iter().flatten();
    match (won.next(), won.next()) {
        (Some(user), None) => user,
        other => panic!("exactly one must win: {other:?}"),
    }
}
