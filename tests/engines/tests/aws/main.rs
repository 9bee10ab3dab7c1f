//! Pilaster's clients and secrets against a real engine (ministack).
//!
//! The clients are configured by the environment, as on Lambda. A process cannot change its own safely, so each test
//! starts this binary again, with the engine's environment, for one test of `inside` or `parameters::inside`.

mod inside;
mod parameters;
mod tables;

use std::process::Command;

use engines::Engine;

/// Runs one ignored test in a process of its own.
fn run(test: &str, environment: impl IntoIterator<Item = (&'static str, String)>) {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    // The developer's own profile has no say.
    for name in ["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    let name = if test.contains("::") { test.to_owned() } else { format!("inside::{test}") };
    let output = command
        .args([&name, "--exact", "--ignored", "--nocapture"])
        .envs(environment)
        .output()
        .expect("this binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name}:\n{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_client_of_the_registry_writes_and_reads_an_item() {
    run("puts_and_gets_an_item", Engine::shared().environment());
}

#[test]
fn the_crud_example_keeps_its_users_in_dynamodb_as_every_store_must() {
    run("keeps_users_as_every_store_must", Engine::shared().environment());
}

#[test]
fn a_table_of_typed_items_in_dynamodb_does_what_the_one_in_memory_does() {
    run("tables::does_what_the_table_in_memory_does", Engine::shared().environment());
}

#[test]
fn a_table_of_typed_items_loses_nothing_when_many_write_at_once() {
    run("tables::loses_nothing_when_many_write_at_once", Engine::shared().environment());
}

#[test]
fn a_table_of_typed_items_reads_what_another_program_wrote() {
    run("tables::reads_what_another_program_wrote", Engine::shared().environment());
}

#[test]
fn a_secret_is_read_typed_and_after_a_rotation_fresh_sees_the_new_version() {
    run("reads_and_rotates_a_secret", Engine::shared().environment());
}

#[test]
fn while_secrets_manager_is_down_the_last_good_value_is_used_and_then_an_error_names_the_secret() {
    let port = engines::free_port();
    let mut environment = Vec::from(engines::environment(port));
    environment.push(("ENGINE_PORT", port.to_string()));
    run("outlives_an_outage", environment);
}
