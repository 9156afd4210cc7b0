//! The pairs of all `cookie` headers; Starlette collects them in a dict, so that the last value of a name wins.

use ferroapi_http::{cookie, latin1};

use super::headers::Headers;
use super::pairs::Pairs;

/// Decoded pairs in the order of the request.
pub fn pairs(headers: &Headers<'_>) -> Pairs {
    let mut pairs = Pairs::default();
    headers.each(|name, value| {
        if name == b"cookie" {
            pairs.reserve(value.len());
            for (name, value) in cookie::pairs(&latin1::decode(value)) {
                pairs.push(name, &value);
            }
        }
        true
    });
    pairs
}
