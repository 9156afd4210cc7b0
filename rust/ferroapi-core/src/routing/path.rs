//! The path that routes are matched against.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::scope::{Member, Scope};
use crate::unicode::utf8;

/// `scope["path"]` without `root_path`, as Starlette's `get_route_path`.
pub fn route_path<'a>(path: &'a str, root_path: &str) -> &'a str {
    if root_path.is_empty() {
        return path;
    }
    match path.strip_prefix(root_path) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

/// The texts of a request that decide on its route.
pub struct Target<'a, 'py> {
    /// None for what can't be matched as text and which no server makes: lone surrogates, other objects.
    path: Option<Text<'a, 'py>>,
    root_path: Option<Text<'a, 'py>>,
    /// The root path is text, or absent.
    pub plain_root_path: bool,
    scope: &'a Scope,
}

pub enum Text<'a, 'py> {
    Rust(Cow<'a, str>),
    Python(Bound<'py, PyString>),
}

impl Text<'_, '_> {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Rust(text) => text,
            Self::Python(text) => utf8(text).unwrap_or_default(),
        }
    }
}

impl<'a, 'py: 'a> Target<'a, 'py> {
    pub fn of(py: Python<'py>, scope: &'a Scope) -> PyResult<Self> {
        if let Some((head, root_path)) = scope.head_and_root(py) {
            return Ok(Self {
                path: Some(Text::Rust(head.path(root_path))),
                root_path: Some(Text::Rust(root_path.into())),
                plain_root_path: true,
                scope,
            });
        }
        let path = scope.member(py, Member::Path)?.cast_into::<PyString>();
        let root_path = scope.find(py, Member::RootPath)?;
        let plain_root_path = root_path.as_ref().is_none_or(|path| !path.is_none());
        let root_path = root_path.filter(|_| plain_root_path);
        let root_path = root_path.map(Bound::cast_into::<PyString>).transpose();
        let (Ok(path), Ok(root_path)) = (path, root_path) else {
            return Ok(Self {
                path: None,
                root_path: None,
                plain_root_path: false,
                scope,
            });
        };
        let texts = utf8(&path).is_ok()
            && root_path
                .as_ref()
                .is_none_or(|root_path| utf8(root_path).is_ok());
        Ok(Self {
            path: texts.then_some(Text::Python(path)),
            root_path: root_path.map(Text::Python),
            plain_root_path,
            scope,
        })
    }

    /// The whole path.
    pub fn path(&self) -> Option<&str> {
        self.path.as_ref().map(Text::as_str)
    }

    /// Path and root path, free of the request.
    pub fn owned_paths(&self) -> Option<(String, String)> {
        Some((self.path()?.to_owned(), self.root_path().to_owned()))
    }

    pub fn root_path(&self) -> &str {
        self.root_path.as_ref().map_or("", Text::as_str)
    }

    /// The method, which is asked for only where a route has the path.
    pub fn method(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Some(head) = self.scope.head(py) else {
            return self.scope.member(py, Member::Method);
        };
        Ok(match head.method() {
            "GET" => intern!(py, "GET").clone().into_any(),
            "POST" => intern!(py, "POST").clone().into_any(),
            other => PyString::new(py, other).into_any(),
        })
    }
}

/// The path with its trailing slash added or removed, for `redirect_slashes`.
pub fn toggled_slash(path: &str, route_path: &str) -> String {
    if route_path.ends_with('/') {
        path.trim_end_matches('/').to_owned()
    } else {
        let mut longer = String::with_capacity(path.len() + 1);
        longer.push_str(path);
        longer.push('/');
        longer
    }
}
