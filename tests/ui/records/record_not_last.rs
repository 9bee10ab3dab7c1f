use pilaster::{BoxError, Client, Clients, FromClients, Sqs, lambda_handler};

#[derive(Clone)]
struct Warehouse;

impl FromClients for Warehouse {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Warehouse)
    }
}

#[lambda_handler]
async fn ship(_order: Sqs<u32>, _warehouse: Client<Warehouse>) -> Result<(), BoxError> {
    Ok(())
}
