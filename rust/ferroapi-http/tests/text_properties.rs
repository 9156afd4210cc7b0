//! Properties of the parsers and writers that hold for every input.
#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a test may panic, and need not be quick"
)]

use std::borrow::Cow;

use ferroapi_http::content_type::{ContentType, classify};
use ferroapi_http::json::text::{
    write_f64, write_i64, write_i128, write_str, write_str_ascii, write_u64,
};
use ferroapi_http::{cookie, latin1, query};
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// The rule one character at a time.
fn plain_json(text: &str, ascii: bool) -> String {
    let escaped = |character: char| match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\x0c' => "\\f".to_owned(),
        _ if character < ' ' || (ascii && character > '~') => {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            units.iter().map(|unit| format!("\\u{unit:04x}")).collect()
        }
        _ => character.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// Percent-encodes every byte, so that any text survives.
fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strings_follow_the_rule(text in r#"(?s)(.|["\\\x00-\x1f\x7f]|[a-z]{4,9}){0,12}"#) {
        prop_assert_eq!(written(|out| write_str(out, &text)), plain_json(&text, false));
        prop_assert_eq!(written(|out| write_str_ascii(out, &text)), plain_json(&text, true));
    }

    #[test]
    fn floats_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = written(|out| write_f64(out, value));
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{}", text);
        let exponent = value != 0.0 && (value.abs() < 1e-4 || value.abs() >= 1e16);
        prop_assert_eq!(text.contains('e'), exponent, "{}", text);
        prop_assert!(exponent || text.contains('.'), "{}", text);
    }

    /// Decimals, and the numbers next to them. The standard library has the same layout here, and the same digits: only
    /// larger numbers are ever in the middle between two texts of equal length.
    #[test]
    fn decimals_are_shortest(digits in 0_u64..1 << 46, shift in 0..46, places in 0_i32..6, next in -1_i64..=1) {
        let near: f64 = format!("{}e-{places}", digits >> shift).parse().unwrap();
        let value = -f64::from_bits(near.to_bits().saturating_add_signed(next));
        prop_assume!(value == 0.0 || (1e-4..1e16).contains(&value.abs()));
        prop_assert_eq!(written(|out| write_f64(out, value)), format!("{value:?}"));
    }

    #[test]
    fn integers_are_decimal(small in any::<i64>(), positive in any::<u64>(), large in any::<i128>()) {
        prop_assert_eq!(written(|out| write_i64(out, small)), small.to_string());
        prop_assert_eq!(written(|out| write_u64(out, positive)), positive.to_string());
        prop_assert_eq!(written(|out| write_i128(out, large)), large.to_string());
    }

    #[test]
    fn quoted_queries_come_back(fields in proptest::collection::vec((any::<String>(), any::<String>()), 0..5)) {
        let raw: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value))).collect();
        let raw = raw.join("&");
        let pairs = query::pairs(raw.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()));
        prop_assert_eq!(pairs.collect::<Vec<_>>(), fields);
    }

    #[test]
    fn plain_queries_are_borrowed(name in "[a-z/?;:.-]{1,9}", value in "[ -$'-*,-~]{0,9}") {
        let raw = format!("{name}={value}");
        let pairs: Vec<_> = query::pairs(raw.as_bytes()).collect();
        prop_assert_eq!(pairs.len(), 1);
        prop_assert!(matches!(&pairs[0].0, Cow::Borrowed(text) if **text == name));
        prop_assert!(matches!(&pairs[0].1, Cow::Borrowed(text) if **text == value));
    }

    #[test]
    fn raw_bytes_beyond_ascii_are_latin1(raw in proptest::collection::vec(any::<u8>(), 0..20)) {
        let plain: Vec<u8> = raw.iter().copied().filter(|byte| !b"%+&=".contains(byte)).collect();
        prop_assert_eq!(query::unquote_plus(&plain), latin1::decode(&plain));
        prop_assert!(query::pairs(&raw).count() <= raw.len());
    }

    #[test]
    fn quoted_cookies_come_back(name in "[a-z]{1,5}", value in "[^;]{0,12}") {
        let quoted: String = value.chars().fold(String::new(), |text, character| match character {
            '"' | '\\' => text + "\\" + &character.to_string(),
            '\0'..='\u{ff}' if !character.is_ascii_graphic() => {
                text + &format!("\\{:03o}", u32::from(character))
            }
            _ => text + &character.to_string(),
        });
        let header = format!("first=1; {name}=\"{quoted}\";last");
        let pairs: Vec<_> = cookie::pairs(&header).collect();
        prop_assert_eq!(pairs, [("first", "1".into()), (&*name, Cow::from(value)), ("", "last".into())]);
    }

    #[test]
    fn parameters_do_not_change_the_type(kind in "[ -:<-~]{0,20}", parameters in r"(?s).{0,9}") {
        let with = format!("{kind};{parameters}");
        prop_assert_eq!(classify(with.as_bytes()), classify(kind.as_bytes()));
        prop_assert_ne!(classify(kind.as_bytes()), ContentType::Unsure);
    }
}
