//! For clients of MCP: `cargo run -p agent --bin mcp`.

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(agent::server())
}
