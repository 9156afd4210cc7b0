//! An HTTP/1.1 protocol for uvicorn: from the bytes of a socket to the application and back.
//!
//! The codec is `ferroapi_http::http1`. Here it meets asyncio: [`protocol`] is what a transport calls, [`intake`]
//! what becomes of the bytes, [`exchange`] one request, [`response`] how it is answered, [`task`] how its task is
//! started, made only when something asks for it ([`present`]), [`run`] what that task does. What belongs to uvicorn (logging, `WebSocket`s, who is trusted) is called
//! there, through [`leaves`].

mod behind;
mod burst;
mod counters;
mod exchange;
mod facts;
mod fields;
mod handover;
mod head;
mod head_watch;
mod intake;
mod keep_alive;
mod leaves;
mod link;
mod listing;
mod maker;
mod outbox;
mod policy;
mod present;
mod protocol;
mod proxy;
mod refusal;
mod response;
mod run;
mod scope;
mod signal;
mod task;

pub use exchange::{Exchange, Received};
pub use facts::ServerFacts;
pub use head::RequestHead;
pub use leaves::configure_server;
pub use policy::{Policy, policy_of};
pub use protocol::HttpProtocol;
pub use response::Delivery;
