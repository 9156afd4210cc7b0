//! Parsing of a template into literal text and parameters.

use memchr::memchr;

use super::{Convertor, TemplateError};

/// One parameter of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name between the braces, `[a-zA-Z_][a-zA-Z0-9_]*`.
    pub name: Box<str>,
    /// What it accepts; `Str` where the template names none.
    pub convertor: Convertor,
}

/// A template is a sequence of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that must occur as it is. Never empty, never next to another literal.
    Literal(Box<str>),
    /// The parameter at this index of [`PathTemplate::params`].
    Param(usize),
}

/// A parsed template, as `starlette.routing.compile_path` understands it.
///
/// Braces that do not enclose a name, or a name and a convertor's name, are literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    source: Box<str>,
    pieces: Vec<Piece>,
    params: Vec<Param>,
}

impl PathTemplate {
    /// Parses a template that may use Starlette's own convertors.
    ///
    /// # Errors
    /// See [`PathTemplate::parse_with`].
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        Self::parse_with(template, Convertor::builtin)
    }

    /// Parses a template; `convertor` answers for the names in `starlette.convertors.CONVERTOR_TYPES`.
    ///
    /// # Errors
    /// A convertor's name that is not registered, duplicated parameter names, a text that is neither empty nor
    /// starts with `/`.
    pub fn parse_with<F>(template: &str, mut convertor: F) -> Result<Self, TemplateError>
    where
        F: FnMut(&str) -> Option<Convertor>,
    {
        let mut parsed = Self {
            source: template.into(),
            pieces: Vec::new(),
            params: Vec::new(),
        };
        let mut literal_from = 0;
        let mut from = 0;
        while let Some(offset) = memchr(b'{', &template.as_bytes()[from..]) {
            let open = from + offset;
            let Some(found) = read_param(&template[open..]) else {
                from = open + 1;
                continue;
            };
            let kind =
                convertor(found.convertor).ok_or_else(|| TemplateError::UnknownConvertor {
                    name: found.convertor.to_owned(),
                })?;
            parsed.push_literal(&template[literal_from..open]);
            parsed.pieces.push(Piece::Param(parsed.params.len()));
            parsed.params.push(Param {
                name: found.name.into(),
                convertor: kind,
            });
            from = open + found.len;
            literal_from = from;
        }
        parsed.push_literal(&template[literal_from..]);
        parsed.check()?;
        Ok(parsed)
    }

    fn push_literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Literal(text.into()));
        }
    }

    fn check(&self) -> Result<(), TemplateError> {
        let mut seen: Vec<&str> = self.params.iter().map(|param| &*param.name).collect();
        seen.sort_unstable();
        let mut names: Vec<String> = seen
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0].to_owned())
            .collect();
        names.dedup();
        if !names.is_empty() {
            return Err(TemplateError::DuplicatedParams {
                names,
                template: self.source.to_string(),
            });
        }
        if !self.source.is_empty() && !self.source.starts_with('/') {
            return Err(TemplateError::NotAbsolute {
                template: self.source.to_string(),
            });
        }
        Ok(())
    }

    /// The template as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parameters, in order of appearance.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Literal text and parameters, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Starlette's `path_format`: the template with every `{name:convertor}` reduced to `{name}`.
    #[must_use]
    pub fn format(&self) -> String {
        let mut text = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Param(index) => {
                    text.push('{');
                    text.push_str(&self.params[*index].name);
                    text.push('}');
                }
            }
        }
        text
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.params.is_empty()
    }

    /// Whether a user's convertor takes part.
    #[must_use]
    pub fn has_custom(&self) -> bool {
        self.params
            .iter()
            .any(|param| matches!(param.convertor, Convertor::Custom { .. }))
    }
}

struct FoundParam<'t> {
    name: &'t str,
    convertor: &'t str,
    /// Bytes from the opening brace to the closing one, both counted.
    len: usize,
}

/// Reads `{name}` or `{name:convertor}` at the start of `text`, which begins with a brace.
fn read_param(text: &str) -> Option<FoundParam<'_>> {
    let name = read_name(&text[1..])?;
    let after = &text[1 + name.len()..];
    let (convertor, after) = match after.strip_prefix(':') {
        Some(tail) => {
            let convertor = read_name(tail)?;
            (convertor, &tail[convertor.len()..])
        }
        None => ("str", after),
    };
    let tail = after.strip_prefix('}')?;
    Some(FoundParam {
        name,
        convertor,
        len: text.len() - tail.len(),
    })
}

/// The longest `[a-zA-Z_][a-zA-Z0-9_]*` at the start of `text`.
fn read_name(text: &str) -> Option<&str> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = text.bytes().take_while(is_word).count();
    let name = &text[..len];
    (len > 0 && !name.starts_with(|first: char| first.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may panic"
)]
mod tests {
    use super::*;

    fn shape(template: &str) -> String {
        let parsed = PathTemplate::parse(template).unwrap();
        let mut text = String::new();
        for piece in parsed.pieces() {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Param(index) => {
                    let Param { name, convertor } = &parsed.params()[*index];
                    text.push_str(&format!("<{name}:{convertor:?}>"));
                }
            }
        }
        text
    }

    #[test]
    fn pieces_table() {
        let cases = [
            ("", ""),
            ("/", "/"),
            (
                "/users/{id:int}/files/{p:path}",
                "/users/<id:Int>/files/<p:Path>",
            ),
            ("/{name}.{ext}", "/<name:Str>.<ext:Str>"),
            ("/{a}{b:float}", "/<a:Str><b:Float>"),
            ("/{}", "/{}"),
            ("/{1a}", "/{1a}"),
            ("/{a-b}", "/{a-b}"),
            ("/{a:}", "/{a:}"),
            ("/{a:b:c}", "/{a:b:c}"),
            ("/{a{b}}", "/{a<b:Str>}"),
            ("/{{b:uuid}", "/{<b:Uuid>"),
            ("/{é}", "/{é}"),
            ("/{ a}", "/{ a}"),
            ("/{a", "/{a"),
        ];
        for (template, expected) in cases {
            assert_eq!(shape(template), expected, "{template:?}");
        }
    }

    #[test]
    fn format_drops_convertors() {
        let template = PathTemplate::parse("/a/{x:int}/{y}/{z:path}{not-one}").unwrap();
        assert_eq!(template.format(), "/a/{x}/{y}/{z}{not-one}");
        assert_eq!(template.source(), "/a/{x:int}/{y}/{z:path}{not-one}");
    }

    #[test]
    fn errors_speak_as_starlette() {
        let cases = [
            ("/{x:nope}", "Unknown path convertor 'nope'"),
            ("/{x}/{x}", "Duplicated param name x at path /{x}/{x}"),
            (
                "/{y}/{x}/{y:int}/{x}/{x}",
                "Duplicated param names x, y at path /{y}/{x}/{y:int}/{x}/{x}",
            ),
            ("/{x}/{x}/{y:nope}", "Unknown path convertor 'nope'"),
            ("users", "Routed paths must start with '/'"),
        ];
        for (template, message) in cases {
            assert_eq!(
                PathTemplate::parse(template).unwrap_err().to_string(),
                message
            );
        }
    }

    #[test]
    fn registered_convertors_may_replace_builtin_ones() {
        let custom = Convertor::Custom {
            regex: "[a-z]+".into(),
        };
        let template = PathTemplate::parse_with("/{x:int}", |_| Some(custom.clone())).unwrap();
        assert!(template.has_custom());
        assert_eq!(template.params()[0].convertor, custom);
    }
}
