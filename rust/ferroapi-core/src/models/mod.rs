//! Models of pydantic's, read from JSON and written to it without pydantic, where that comes to the same.

mod layout;
mod moment;
mod reader;
mod shape;
mod writer;

pub use reader::ModelReader;
pub use writer::ModelWriter;
