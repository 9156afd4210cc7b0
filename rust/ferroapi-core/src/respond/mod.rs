//! From a result to the messages of a response.

mod json;
mod native;
mod sender;

pub use json::{write_json, write_plain_json};
pub use native::{JsonResponse, JsonText, ResponseParts, is_bodiless, send_json, send_messages};
pub use sender::{Place, Sender, starts_response};
