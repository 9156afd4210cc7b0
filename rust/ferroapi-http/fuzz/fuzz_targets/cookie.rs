//! Cookies keep their order and never grow.
#![no_main]

use ferroapi_http::{cookie, latin1};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let header = latin1::decode(raw);
    let mut read = 0;
    for (name, value) in cookie::pairs(&header) {
        assert!(!name.contains([';', '=']));
        read += name.chars().count() + value.chars().count();
    }
    assert!(read <= raw.len());
});
