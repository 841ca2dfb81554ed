//! The REST interface (`/api/v1`), served by TLS and on the local socket.
//!
//! At the edge of the flow: it identifies the caller, reads the request into typed values, calls one
//! operation of `operate`, and shapes the answer into the types of `api`. It decides nothing, reads no
//! table and changes nothing by itself; each route names the operation that it stands for in the OpenAPI
//! document (`x-netwarden-operation`), and a test holds the route to it.

mod address;
mod ask;
mod contract;
mod input;
mod intake;
mod live;
mod planes;
mod refusal;
mod routes;
mod serve;
mod shape;
mod stream;
mod views;

pub use contract::contract;
pub use refusal::Refusal;
pub use routes::{OPERATION, openapi, router};
pub use serve::{LocalPeer, ServeError, Serving, serve_socket, serve_tls, tls_config};
#[cfg(feature = "testing")]
pub use views::testing;
pub use views::{PAGES, PageOf};
