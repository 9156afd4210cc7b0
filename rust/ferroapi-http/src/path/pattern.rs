//! Matching of a run of template pieces: a whole template, the rest of one, or one segment.

use memchr::memchr;
use regex::Regex;

use super::dialect::{self, Translated};
use super::{Convertor, Param, ParamRange, ParamRanges, Piece};

/// Pieces with the convertor of each parameter beside it, independent of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Literal(Box<str>),
    Param(Convertor),
}

impl Shape {
    pub(crate) fn new(pieces: &[Piece], params: &[Param]) -> Self {
        let parts = pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Part::Literal(text.clone()),
            Piece::Param(index) => Part::Param(params[*index].convertor.clone()),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The text every match begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }
}

/// What may follow the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// Nothing.
    Strict,
    /// Nothing or one newline, as with Python's `$`.
    Dollar,
}

/// Decides whether a text as a whole is of a shape, and where its parameters are.
#[derive(Debug)]
pub(crate) struct PiecesMatcher {
    end: End,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Literal(Box<str>),
    /// One parameter that stays in a segment, with literal text around it.
    Affix {
        prefix: Box<str>,
        convertor: Convertor,
        suffix: Box<str>,
    },
    Regex {
        regex: Regex,
        ascii_only: bool,
    },
    AskCaller,
}

impl PiecesMatcher {
    pub(crate) fn new(shape: &Shape, end: End) -> Self {
        Self {
            end,
            kind: Kind::new(&shape.parts, end),
        }
    }

    /// Whether the text matches; `None` if only Python can tell.
    pub(crate) fn is_match(&self, text: &str) -> Option<bool> {
        Some(match &self.kind {
            Kind::Literal(literal) => {
                **literal == *text
                    || (self.end == End::Dollar && text.strip_suffix('\n') == Some(literal))
            }
            Kind::Affix { .. } => self.affix_range(text).is_some(),
            Kind::Regex {
                ascii_only: true, ..
            } if !text.is_ascii() => return None,
            Kind::Regex { regex, .. } => regex.is_match(text),
            Kind::AskCaller => return None,
        })
    }

    /// As [`is_match`](Self::is_match), and adds the ranges of the parameters to `ranges`, moved by `offset`.
    pub(crate) fn captures(
        &self,
        text: &str,
        offset: usize,
        ranges: &mut ParamRanges,
    ) -> Option<bool> {
        match &self.kind {
            Kind::Affix { .. } => {
                let found = self.affix_range(text);
                ranges.extend(
                    found.map(|(start, end)| ParamRange::new(offset + start, offset + end)),
                );
                Some(found.is_some())
            }
            Kind::Regex { regex, ascii_only } if !ascii_only || text.is_ascii() => {
                let Some(found) = regex.captures(text) else {
                    return Some(false);
                };
                let groups = found.iter().skip(1).flatten();
                ranges
                    .extend(groups.map(|group| {
                        ParamRange::new(offset + group.start(), offset + group.end())
                    }));
                Some(true)
            }
            _ => self.is_match(text),
        }
    }

    /// Where the parameter of an affix stands. With a final newline there are two ways to end; the longer capture
    /// goes first, as the repetitions of all convertors are greedy.
    fn affix_range(&self, text: &str) -> Option<(usize, usize)> {
        let Kind::Affix {
            prefix,
            convertor,
            suffix,
        } = &self.kind
        else {
            return None;
        };
        let inner = |text: &str| -> Option<(usize, usize)> {
            let middle = text.strip_prefix(&**prefix)?.strip_suffix(&**suffix)?;
            let crosses = *convertor == Convertor::Str && memchr(b'/', middle.as_bytes()).is_some();
            let accepted = !crosses && convertor.accepts(middle.as_bytes());
            accepted.then_some((prefix.len(), prefix.len() + middle.len()))
        };
        inner(text).or_else(|| match self.end {
            End::Strict => None,
            End::Dollar => inner(text.strip_suffix('\n')?),
        })
    }
}

impl Kind {
    fn new(parts: &[Part], end: End) -> Self {
        match parts {
            [] => Self::Literal("".into()),
            [Part::Literal(text)] => Self::Literal(text.clone()),
            [Part::Param(one)] if one.stays_in_segment() => Self::affix("", one, ""),
            [Part::Literal(prefix), Part::Param(one)] if one.stays_in_segment() => {
                Self::affix(prefix, one, "")
            }
            [Part::Param(one), Part::Literal(suffix)] if one.stays_in_segment() => {
                Self::affix("", one, suffix)
            }
            [
                Part::Literal(prefix),
                Part::Param(one),
                Part::Literal(suffix),
            ] if one.stays_in_segment() => Self::affix(prefix, one, suffix),
            _ => Self::regex(parts, end),
        }
    }

    fn affix(prefix: &str, convertor: &Convertor, suffix: &str) -> Self {
        Self::Affix {
            prefix: prefix.into(),
            convertor: convertor.clone(),
            suffix: suffix.into(),
        }
    }

    fn regex(parts: &[Part], end: End) -> Self {
        let mut source = String::from(r"\A");
        let mut ascii_only = false;
        for part in parts {
            match part {
                Part::Literal(text) => source.push_str(&regex::escape(text)),
                Part::Param(convertor) => {
                    let Some(group) = group(convertor) else {
                        return Self::AskCaller;
                    };
                    ascii_only |= group.ascii_only;
                    source.extend(["(", &group.source, ")"]);
                }
            }
        }
        source.push_str(if end == End::Dollar { r"\n?\z" } else { r"\z" });
        // A refusal can only come from a user's expression that grows too large.
        Regex::new(&source).map_or(Self::AskCaller, |regex| Self::Regex { regex, ascii_only })
    }
}

/// The expression of one parameter, without capturing groups; `None` where only Python can decide.
fn group(convertor: &Convertor) -> Option<Translated> {
    let source = match convertor {
        Convertor::Str => "[^/]+",
        Convertor::Path => ".*",
        Convertor::Int => "[0-9]+",
        Convertor::Float => r"[0-9]+(?:\.[0-9]+)?",
        Convertor::Uuid => "[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}",
        Convertor::Custom { regex } => return dialect::translate(regex),
    };
    Some(Translated {
        source: source.to_owned(),
        ascii_only: false,
    })
}
