//! The contract of the users, against a table in memory. `tests/engines` runs it against DynamoDB engines.

use std::collections::HashSet;
use std::future::Future;

use crud::store::Users;
use crud::users::{ListUsers, NewUser, Refused, User, UserPage, UserPatch, UsersError};
use uuid::Uuid;

#[tokio::test]
async fn users_in_memory_fulfil_the_contract() -> Result<(), UsersError> {
    run(&Users::in_memory()).await
}

/// Runs every check. Other users in the table are not changed.
pub(crate) async fn run(users: &Users) -> Result<(), UsersError> {
    a_created_user_can_be_read(users).await?;
    an_address_belongs_to_one_user(users).await?;
    only_one_of_concurrent_inserts_gets_an_address(users).await?;
    an_update_requires_the_current_version(users).await?;
    only_one_of_concurrent_updates_succeeds(users).await?;
    only_one_of_concurrent_moves_gets_an_address(users).await?;
    a_new_address_frees_the_old_one(users).await?;
    a_deleted_user_is_gone(users).await?;
    the_list_pages_through_all_users(users).await
}

fn is(result: Result<impl Sized, UsersError>, expected: Refused) -> bool {
    matches!(result, Err(UsersError::Refused(refused)) if refused == expected)
}

async fn a_created_user_can_be_read(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let user = users.insert(new.clone()).await?;
    assert_eq!((&user.email, &user.name, user.version), (&new.email, &new.name, 1));
    assert_eq!(users.get(user.id).await?, user);
    assert!(is(users.get(Uuid::now_v7()).await, Refused::NotFound));
    users.remove(user.id).await
}

async fn an_address_belongs_to_one_user(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let first = users.insert(new.clone()).await?;
    let shouted = NewUser { email: new.email.to_uppercase(), ..new };
    assert!(is(users.insert(shouted.clone()).await, Refused::EmailTaken));

    let second = users.insert(new_user()).await?;
    let taking = UserPatch { email: Some(shouted.email.clone()), ..no_change(1) };
    assert!(is(users.update(second.id, taking).await, Refused::EmailTaken));
    assert_eq!(users.get(second.id).await?, second, "a refused update changes nothing");

    let own = users.update(first.id, UserPatch { email: Some(shouted.email.clone()), ..no_change(1) }).await?;
    assert_eq!(own.email, shouted.email, "a user may change the case of its own address");
    users.remove(second.id).await?;
    users.remove(first.id).await
}

async fn only_one_of_concurrent_inserts_gets_an_address(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let created = run_concurrently(8, |_| {
        let (users, new) = (users.clone(), new.clone());
        async move { users.insert(new).await }
    });
    let user = only_winner(created.await, Refused::EmailTaken);
    assert_eq!(users.get(user.id).await?, user);
    users.remove(user.id).await
}

async fn an_update_requires_the_current_version(users: &Users) -> Result<(), UsersError> {
    let user = users.insert(new_user()).await?;
    let changed = users.update(user.id, UserPatch { name: Some("Augusta".into()), ..no_change(1) }).await?;
    assert_eq!(changed, User { name: "Augusta".into(), version: 2, ..user.clone() });
    assert_eq!(users.get(user.id).await?, changed);
    for version in [0, 1, 3, u64::MAX] {
        assert!(is(users.update(user.id, no_change(version)).await, Refused::VersionConflict), "version {version}");
    }
    assert!(is(users.update(Uuid::now_v7(), no_change(1)).await, Refused::NotFound));
    users.remove(user.id).await
}

async fn only_one_of_concurrent_updates_succeeds(users: &Users) -> Result<(), UsersError> {
    let user = users.insert(new_user()).await?;
    let changes = run_concurrently(8, |_| {
        let (users, id) = (users.clone(), user.id);
        async move { users.update(id, UserPatch { name: Some(Uuid::now_v7().to_string()), ..no_change(1) }).await }
    });
    let winner = only_winner(changes.await, Refused::VersionConflict);
    assert_eq!(users.get(user.id).await?, winner);
    users.remove(user.id).await
}

async fn only_one_of_concurrent_moves_gets_an_address(users: &Users) -> Result<(), UsersError> {
    let (mut movers, address) = (Vec::new(), new_user().email);
    for _ in 0..4 {
        movers.push(users.insert(new_user()).await?);
    }
    let moves = run_concurrently(4, |at| {
        let (users, id, email) = (users.clone(), movers[at].id, Some(address.clone()));
        async move { users.update(id, UserPatch { email, ..no_change(1) }).await }
    });
    let winner = only_winner(moves.await, Refused::EmailTaken);
    for old in movers {
        let is_winner = old.id == winner.id;
        assert_eq!(users.get(old.id).await?, if is_winner { winner.clone() } else { old.clone() });
        users.remove(old.id).await?;
    }
    Ok(())
}

async fn a_new_address_frees_the_old_one(users: &Users) -> Result<(), UsersError> {
    let old = new_user();
    let user = users.insert(old.clone()).await?;
    let moved = users.update(user.id, UserPatch { email: Some(new_user().email), ..no_change(1) }).await?;
    let successor = users.insert(old).await?;
    let back = UserPatch { email: Some(successor.email.clone()), ..no_change(moved.version) };
    assert!(is(users.update(user.id, back).await, Refused::EmailTaken));
    users.remove(successor.id).await?;
    users.remove(user.id).await
}

async fn a_deleted_user_is_gone(users: &Users) -> Result<(), UsersError> {
    let new = new_user();
    let user = users.insert(new.clone()).await?;
    let user = users.update(user.id, no_change(user.version)).await?;
    users.remove(user.id).await?;
    assert!(is(users.get(user.id).await, Refused::NotFound));
    assert!(is(users.remove(user.id).await, Refused::NotFound));
    assert!(is(users.update(user.id, no_change(2)).await, Refused::NotFound));
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
        assert!(seen.is_sorted_by(|a, b| (a.created_at, a.id) < (b.created_at, b.id)), "each user once, in order");
        let ids: HashSet<_> = created.iter().map(|user| user.id).collect();
        seen.retain(|user| ids.contains(&user.id));
        assert_eq!(seen, created, "in pages of {limit}");
    }
    for user in created {
        users.remove(user.id).await?;
    }
    Ok(())
}

fn new_user() -> NewUser {
    NewUser { email: format!("{}@example.com", Uuid::now_v7()), name: "Ada".into() }
}

fn no_change(version: u64) -> UserPatch {
    UserPatch { version, email: None, name: None }
}

/// Runs `count` futures concurrently.
async fn run_concurrently<F>(count: usize, make: impl Fn(usize) -> F) -> Vec<Result<User, UsersError>>
where
    F: Future<Output = Result<User, UsersError>> + Send + 'static,
{
    let tasks: tokio::task::JoinSet<_> = (0..count).map(make).collect();
    tasks.join_all().await
}

fn only_winner(results: Vec<Result<User, UsersError>>, expected: Refused) -> User {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    for lost in lost {
        assert!(is(lost, expected));
    }
    let mut won = won.into_iter().flatten();
    match (won.next(), won.next()) {
        (Some(user), None) => user,
        other => panic!("exactly one must win: {other:?}"),
    }
}
