//! Path templates: `"/users/{id:int}/files/{p:path}"`, as `starlette.routing.compile_path` reads them.

mod convertor;
mod dialect;
mod error;
mod matcher;
mod pattern;
mod range;
mod template;

pub use convertor::Convertor;
pub use error::TemplateError;
pub use matcher::{PathMatch, PathMatcher};
pub(crate) use pattern::{End, Part, PiecesMatcher, Shape};
pub use range::{ParamRange, ParamRanges};
pub use template::{Param, PathTemplate, Piece};
