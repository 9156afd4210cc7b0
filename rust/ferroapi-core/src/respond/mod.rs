//! From a result to the messages of a response.

mod json;
mod model_writer;
mod moment;
mod native;
mod sender;
mod shape;

pub use json::{write_json, write_plain_json};
pub use model_writer::ModelWriter;
pub use native::{JsonResponse, JsonText, ResponseParts, is_bodiless, send_json, send_messages};
pub use sender::{Place, Sender, starts_response};
