//! Why a path template is refused.

use std::error::Error;
use std::fmt;

/// A path template Starlette refuses, or one that belongs to `Host`. `Display` gives Starlette's own message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// `{x:name}` with a name that is not registered (an `AssertionError` in Starlette).
    UnknownConvertor {
        /// The unregistered convertor's name.
        name: String,
    },
    /// The same parameter name twice (a `ValueError` in Starlette).
    DuplicatedParams {
        /// The names that occur more than once, sorted.
        names: Vec<String>,
        /// The whole template.
        template: String,
    },
    /// Neither empty nor starting with `/`: Starlette compiles such a template as a host pattern.
    NotAbsolute {
        /// The whole template.
        template: String,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownConvertor { name } => write!(f, "Unknown path convertor '{name}'"),
            Self::DuplicatedParams { names, template } => {
                let plural = if names.len() > 1 { "s" } else { "" };
                write!(
                    f,
                    "Duplicated param name{plural} {} at path {template}",
                    names.join(", ")
                )
            }
            Self::NotAbsolute { .. } => f.write_str("Routed paths must start with '/'"),
        }
    }
}

impl Error for TemplateError {}
