//! Each pair of a query string is what its field gives by itself.
#![no_main]

use ferroapi_http::query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let fields = raw
        .split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty());
    let expected = fields.map(|field| {
        let mut parts = field.splitn(2, |byte| *byte == b'=');
        let mut part = || query::unquote_plus(parts.next().unwrap_or_default());
        (part(), part())
    });
    assert!(query::pairs(raw).eq(expected));
});
