//! Dates and times as pydantic writes them (RFC 3339, section 5.6).

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};

/// Writes a `datetime`; nothing if its time zone is of an unknown kind, or its offset has seconds.
pub fn write_datetime(out: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> Option<()> {
    let moment = value.cast_exact::<PyDateTime>().ok()?;
    let offset = offset(moment)?;
    out.push(b'"');
    write_day(out, moment);
    out.push(b'T');
    write_digits::<2>(out, moment.get_hour().into());
    out.push(b':');
    write_digits::<2>(out, moment.get_minute().into());
    out.push(b':');
    write_digits::<2>(out, moment.get_second().into());
    let microsecond = moment.get_microsecond();
    if microsecond > 0 {
        out.push(b'.');
        write_digits::<6>(out, microsecond);
    }
    match offset {
        Offset::Unknown => {}
        Offset::Minutes(0) => out.push(b'Z'),
        Offset::Minutes(minutes) => {
            out.push(if minutes < 0 { b'-' } else { b'+' });
            let minutes = minutes.unsigned_abs();
            write_digits::<2>(out, minutes / 60);
            out.push(b':');
            write_digits::<2>(out, minutes % 60);
        }
    }
    out.push(b'"');
    Some(())
}

/// Writes a `date`.
pub fn write_date(out: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> Option<()> {
    let day = value.cast_exact::<PyDate>().ok()?;
    out.push(b'"');
    write_day(out, day);
    out.push(b'"');
    Some(())
}

fn write_day(out: &mut Vec<u8>, day: &impl PyDateAccess) {
    write_digits::<4>(out, day.get_year().unsigned_abs());
    out.push(b'-');
    write_digits::<2>(out, day.get_month().into());
    out.push(b'-');
    write_digits::<2>(out, day.get_day().into());
}

/// Writes a number with exactly `N` digits.
fn write_digits<const N: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

enum Offset {
    /// A naive `datetime`.
    Unknown,
    Minutes(i32),
}

/// The offset from UTC, asked of the time zones of Python and of pydantic only.
fn offset(moment: &Bound<'_, PyDateTime>) -> Option<Offset> {
    let Some(zone) = moment.get_tzinfo() else {
        return Some(Offset::Unknown);
    };
    let py = moment.py();
    if zone.is(&*PyTzInfo::utc(py).ok()?) {
        return Some(Offset::Minutes(0));
    }
    let module = zone.get_type().module().ok()?;
    let known = ["datetime", "pydantic_core._pydantic_core", "zoneinfo"];
    known.contains(&module.to_str().ok()?).then_some(())?;
    let offset = moment.call_method0(intern!(py, "utcoffset")).ok()?;
    let offset = offset.cast_exact::<PyDelta>().ok()?;
    let seconds = offset.get_days() * 86_400 + offset.get_seconds();
    (offset.get_microseconds() == 0 && seconds % 60 == 0).then_some(())?;
    Some(Offset::Minutes(seconds / 60))
}

/// Reads a `datetime` as [`write_datetime`] gives it, or with fewer digits, if it is naive or of UTC: the zone `utc`.
pub fn read_datetime<'py>(utc: &Bound<'py, PyAny>, text: &str) -> Option<Bound<'py, PyAny>> {
    let text = text.as_bytes();
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let (year, month, day) = read_day(day)?;
    let [b'T', hour @ .., b':', _, _, b':', _, _] = time.get(..9)? else {
        return None;
    };
    let hour = read_digits::<2>(hour)?;
    let minute = read_digits::<2>(time.get(4..6)?)?;
    let second = read_digits::<2>(time.get(7..9)?)?;
    let (zone, rest) = match time.get(9..)? {
        [rest @ .., b'Z'] => (Some(utc.cast::<PyTzInfo>().ok()?), rest),
        rest => (None, rest),
    };
    let microsecond = match rest {
        [] => 0,
        [b'.', fraction @ ..] => read_fraction(fraction)?,
        _ => return None,
    };
    let small = |number: u32| u8::try_from(number).ok();
    PyDateTime::new(
        utc.py(),
        year,
        month,
        day,
        small(hour)?,
        small(minute)?,
        small(second)?,
        microsecond,
        zone,
    )
    .ok()
    .map(Bound::into_any)
}

/// Reads a `date` in the form that [`write_date`] gives it.
pub fn read_date<'py>(py: Python<'py>, text: &str) -> Option<Bound<'py, PyAny>> {
    let (year, month, day) = read_day(text.as_bytes())?;
    PyDate::new(py, year, month, day).ok().map(Bound::into_any)
}

fn read_day(text: &[u8]) -> Option<(i32, u8, u8)> {
    let [year @ .., b'-', _, _, b'-', _, _] = text else {
        return None;
    };
    let year = i32::try_from(read_digits::<4>(year)?).ok()?;
    let month = u8::try_from(read_digits::<2>(text.get(5..7)?)?).ok()?;
    let day = u8::try_from(read_digits::<2>(text.get(8..10)?)?).ok()?;
    Some((year, month, day))
}

/// The microseconds that at most six digits of a fraction stand for.
fn read_fraction(digits: &[u8]) -> Option<u32> {
    let mut padded = *b"000000";
    padded.get_mut(..digits.len())?.copy_from_slice(digits);
    (!digits.is_empty()).then_some(())?;
    read_digits::<6>(&padded)
}

/// Reads a number of exactly `N` digits.
fn read_digits<const N: usize>(text: &[u8]) -> Option<u32> {
    let digits: &[u8; N] = text.try_into().ok()?;
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}
