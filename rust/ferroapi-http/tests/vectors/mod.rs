//! What Python answers, written by `generate.py`.

pub mod content_types;
pub mod cookies;
pub mod custom;
pub mod floats;
pub mod paths;
pub mod queries;
pub mod strings;
