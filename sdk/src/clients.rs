//! Clients.
use crate::BoxError;
/// x
#[derive(Debug)] pub struct Client<T>(pub T);
/// x
#[derive(Debug)] pub struct ClientError;
/// x
#[derive(Clone, Debug)] pub struct Clients;
/// x
pub trait FromClients: Sized {
    /// x
    fn from_clients(clients: &Clients) -> impl Future<Output = Result<Self, BoxError>> + Send;
}
