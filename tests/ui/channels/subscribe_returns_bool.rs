use pilaster::channels::{Channel, Handlers};

async fn admit(channel: Channel) -> bool {
    !channel.is_wildcard()
}

fn main() {
    let _ = Handlers::new().subscribe("/chat/*", admit);
}
