//! JSON as `json.dumps` writes it.

pub mod text;
