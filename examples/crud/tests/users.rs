//! The rules of input, and how the users are spread over the partitions of the index.

use crud::store::Users;
use crud::users::{ListUsers, NewUser, User, UserPatch, UsersError};
use garde::Validate;
use pilaster::table::Table;

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
