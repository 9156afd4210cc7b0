//! Floating-point numbers as `float.__repr__` writes them.

/// Writes the shortest text that reads back as `value`, laid out as Python does: with an exponent of at least two
/// digits below 1e-4 and from 1e16 on, otherwise with a decimal point.
///
/// `value` must be finite; for infinities and NaN, which JSON does not have, the caller answers.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    if let Some(thousandths) = thousandths(value) {
        write_thousandths(out, value.is_sign_negative(), thousandths);
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format(value).as_bytes();
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (&text[..1], digits),
        _ => (&text[..0], text),
    };
    out.extend_from_slice(sign);
    if let Some(at) = digits.iter().position(|byte| *byte == b'e') {
        write_exponent(out, &digits[..at], &digits[at + 1..]);
    } else if let [b'0', b'.', b'0', b'0', b'0', b'0', significant @ ..] = digits {
        write_small(out, significant);
    } else {
        out.extend_from_slice(digits);
    }
}

/// The size of a number that is one of at most three decimals and fifteen digits, such as a price.
///
/// No two decimals of up to fifteen digits are the same double, so that this one is the shortest text, too.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "only a number that is found again counts"
)]
fn thousandths(value: f64) -> Option<u64> {
    let size = value.abs();
    if size >= 1e12 {
        return None;
    }
    let thousandths = (size * 1000.0 + 0.5) as u64;
    (thousandths as f64 / 1000.0 == size).then_some(thousandths)
}

fn write_thousandths(out: &mut Vec<u8>, negative: bool, thousandths: u64) {
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(thousandths / 1000).as_bytes());
    let [hundreds, tens, ones] =
        [100, 10, 1].map(|unit| b'0' + (thousandths / unit % 10).to_le_bytes()[0]);
    let decimals: &[u8] = match (tens, ones) {
        (b'0', b'0') => &[b'.', hundreds],
        (_, b'0') => &[b'.', hundreds, tens],
        _ => &[b'.', hundreds, tens, ones],
    };
    out.extend_from_slice(decimals);
}

/// `1.5` and `-7` become `1.5e-07`.
fn write_exponent(out: &mut Vec<u8>, mantissa: &[u8], exponent: &[u8]) {
    out.extend_from_slice(mantissa);
    let (sign, digits) = match exponent {
        [b'-', digits @ ..] => (b'-', digits),
        digits => (b'+', digits),
    };
    out.extend_from_slice(&[b'e', sign]);
    if digits.len() < 2 {
        out.push(b'0');
    }
    out.extend_from_slice(digits);
}

/// Numbers from 1e-5 up to 1e-4, the only ones where the two layouts differ: `0.000015` becomes `1.5e-05`.
fn write_small(out: &mut Vec<u8>, significant: &[u8]) {
    if let [first, others @ ..] = significant {
        out.push(*first);
        if !others.is_empty() {
            out.push(b'.');
            out.extend_from_slice(others);
        }
        out.extend_from_slice(b"e-05");
    }
}
