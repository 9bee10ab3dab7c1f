//! For the agent and the gateway: `cargo run -p agent -- examples/agent/events/find-rooms.json`.

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(agent::function())
}
