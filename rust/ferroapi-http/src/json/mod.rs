//! JSON: as `json.dumps` writes it, and piece by piece as a reader expects it.

pub mod scan;
pub mod text;
