//! Rooms of a hotel as tools, for a Bedrock agent, an AgentCore Gateway and clients of MCP.

mod rooms;
#[cfg(test)]
mod tests;

use pilaster::tools::{Input, Session, Tool, ToolError, Tools, tool};
use pilaster::{IntoService, http, mcp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rooms::{ROOMS, Room};

/// Finds the rooms for a number of guests.
#[derive(Deserialize, JsonSchema, Tool)]
#[tool(read_only, open_world = false)]
struct FindRooms {
    /// The number of guests, 1 to 4.
    guests: u8,
    /// The highest price of a night, in cents.
    max_cents: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    rooms: Vec<Room>,
}

async fn find_rooms(Input(ask): Input<FindRooms>) -> Found {
    let fits = |room: &&Room| room.guests >= ask.guests && ask.max_cents.is_none_or(|most| room.cents <= most);
    Found { rooms: ROOMS.iter().filter(fits).copied().collect() }
}

/// Computes the price of a stay, in cents.
#[tool(read_only, open_world = false)]
async fn quote(
    #[extract] session: Session,
    /// The name of the room; without it, the one of the last quote.
    room: Option<String>,
    nights: u8,
) -> Result<u32, ToolError> {
    let room = room.or_else(|| session.attribute("room")).ok_or_else(|| ToolError::new("name a room"))?;
    let found = ROOMS.iter().find(|known| known.name == room);
    let found = found.ok_or_else(|| ToolError::new("there is no such room: find rooms first").with_type("NoRoom"))?;
    session.set_attribute("room", found.name);
    Ok(found.cents * u32::from(nights))
}

fn tools() -> Tools {
    Tools::new().add(find_rooms).add(quote::tool())
}

/// A gateway names the tool in the client context; any other event is that of a Bedrock agent.
pub fn function() -> impl IntoService {
    tools().for_agentcore().otherwise(tools().for_bedrock())
}

/// The same tools for clients of MCP, over HTTP.
pub fn server() -> impl IntoService {
    let server = mcp::Server::new(tools()).info("rooms", env!("CARGO_PKG_VERSION"));
    http::service(server.instructions("Find rooms before you quote one."))
}
