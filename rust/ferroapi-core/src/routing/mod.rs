//! Which route answers: the compiled table of a router, and the dispatch through it.

mod convert;
mod dispatch;
mod dispatcher;
mod path;
mod table;

pub use dispatch::{Found, dispatch};
pub use dispatcher::Dispatcher;
