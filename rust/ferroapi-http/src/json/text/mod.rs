//! Writers for JSON scalars, byte for byte those of Python's `json.dumps`.

mod float;
mod string;

pub use float::write_f64;
pub(super) use string::clean_len;
pub use string::{write_str, write_str_ascii};

/// Writes an integer in decimal.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes an integer in decimal.
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes an integer in decimal.
pub fn write_i128(out: &mut Vec<u8>, value: i128) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
