//! The rules of input, and how the users are spread over the partitions of the index.

use std::collections::HashSet;

use crud::store::Users;
use crud::users::{ListUsers, NewUser, User, UserPatch, UsersError};
use garde::Validate;
use pilaster::table::{Item, Table};
use serde_json::{Value, json};
use uuid::Uuid;

fn new_user(email: &str, name: &str) -> NewUser {
    NewUser { email: email.into(), name: name.into() }
}

#[test]
fn an_address_has_a_single_at_sign_and_no_whitespace() {
    for good in ["ada@example.com", "a+b@x", "ada@Ünïcode.example"] {
        assert!(new_user(good, "Ada").validate().is_ok(), "{good}");
    }
    let long = format!("{}@example.com", "a".repeat(250));
    for bad in ["", "ada", "@example.com", "ada@", "a@b@c", "a da@example.com", "ada@.com", "ada@com.", "a\n@b", &long]
    {
        assert!(new_user(bad, "Ada").validate().is_err(), "{bad}");
        let patch = UserPatch { version: 1, email: Some(bad.into()), name: None };
        assert!(patch.validate().is_err(), "{bad}");
    }
}

#[test]
fn a_name_is_counted_in_characters() {
    assert!(new_user("a@b", &"é".repeat(100)).validate().is_ok());
    assert!(new_user("a@b", &"é".repeat(101)).validate().is_err());
    assert!(new_user("a@b", "").validate().is_err());
}

#[tokio::test]
async fn the_users_are_spread_over_eight_partitions_of_the_index() -> Result<(), UsersError> {
    let table = Table::in_memory();
    let users = Users::new(table.clone());
    for at in 0..80 {
        users.insert(NewUser { email: format!("{at}@example.com"), name: "Ada".into() }).await?;
    }
    let mut sizes = Vec::new();
    for shard in 0..9 {
        sizes.push(table.query::<User>(format!("users#{shard}")).index().send().await?.len());
    }
    assert_eq!(sizes.iter().sum::<usize>(), 80, "each user is in the index once: {sizes:?}");
    assert!(sizes[..8].iter().all(|size| (1..40).contains(size)), "no partition is hot: {sizes:?}");
    assert_eq!(users.list(ListUsers { limit: Some(100), cursor: None }).await?.users.len(), 80);
    Ok(())
}

#[tokio::test]
async fn a_user_of_a_newer_version_is_read_listed_changed_and_deleted() -> Result<(), UsersError> {
    let table = Table::in_memory();
    let users = Users::new(table.clone());
    let user = users.insert(new_user("ada@example.com", "Ada")).await?;
    for key in [format!("user#{}", user.id), "email#ada@example.com".to_owned()] {
        let mut item: Value = table.get(&*key).await?.expect("the item");
        item["newer"] = json!({ "nickname": "Countess" });
        let index = (format!("users#{}", user.id.as_u128() % 8), user.id.to_string());
        let item = Item::new(&*key, &item)?;
        table.put_item(if key.starts_with("user#") { item.index(index) } else { item }).await?;
    }
    assert_eq!(users.get(user.id).await?, user);
    assert_eq!(users.list(ListUsers::default()).await?.users, std::slice::from_ref(&user));
    let patch = UserPatch { version: 1, email: Some("augusta@example.com".into()), name: None };
    assert_eq!(users.update(user.id, patch).await?.version, 2);
    users.insert(new_user("ada@example.com", "Eve")).await?;
    users.remove(user.id).await
}

/// A generator of numbers: `xorshift64*`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// Inserts, changes or deletes some users, and returns the ids of those that were deleted.
async fn change(users: &Users, all: &mut Vec<User>, random: &mut Random) -> Result<Vec<Uuid>, UsersError> {
    let mut deleted = Vec::new();
    for _ in 0..random.below(8) {
        match random.below(4) {
            0 | 1 => all.push(users.insert(new_user(&format!("{}@example.com", Uuid::now_v7()), "Ada")).await?),
            _ if all.is_empty() => {}
            2 => {
                let user = all.swap_remove(random.below(all.len()));
                users.remove(user.id).await?;
                deleted.push(user.id);
            }
            _ => {
                let at = random.below(all.len());
                let patch = UserPatch { version: all[at].version, email: None, name: Some("Augusta".into()) };
                all[at] = users.update(all[at].id, patch).await?;
            }
        }
    }
    Ok(deleted)
}

#[tokio::test]
async fn pages_have_a_total_order_and_each_user_once_while_others_are_created_changed_and_deleted()
-> Result<(), UsersError> {
    for seed in 1..=60 {
        let (users, mut random, mut all) = (Users::in_memory(), Random(seed), Vec::new());
        for _ in 0..random.below(60) {
            change(&users, &mut all, &mut random).await?;
        }
        let mut throughout: HashSet<_> = all.iter().map(|user| user.id).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = users.list(ListUsers { limit: Some(1 + random.below(20)), cursor }).await?;
            seen.extend(page.users);
            cursor = page.next;
            for deleted in change(&users, &mut all, &mut random).await? {
                throughout.remove(&deleted);
            }
            if cursor.is_none() {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| (a.created_at, a.id) < (b.created_at, b.id)), "seed {seed}: {seen:?}");
        let seen: HashSet<_> = seen.iter().map(|user| user.id).collect();
        assert!(seen.is_superset(&throughout), "seed {seed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_order_of_the_ids_is_that_of_the_creation_times() -> Result<(), UsersError> {
    let users = Users::in_memory();
    for at in 0..3_000 {
        let user = users.insert(new_user(&format!("{at}@example.com"), "Ada")).await?;
        let milliseconds = user.created_at.unix_timestamp_nanos() / 1_000_000;
        assert_eq!(user.id.as_u128() >> 80, u128::try_from(milliseconds).expect("after 1970"));
    }
    Ok(())
}
