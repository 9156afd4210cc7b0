//! The path that routes are matched against.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

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
pub struct Target<'py> {
    path: Bound<'py, PyString>,
    root_path: Option<Bound<'py, PyString>>,
    method: Option<Bound<'py, PyString>>,
}

impl<'py> Target<'py> {
    pub fn of(scope: &Bound<'py, PyDict>) -> PyResult<Self> {
        let py = scope.py();
        let path = scope.get_item(intern!(py, "path"))?;
        let path = path.ok_or_else(|| pyo3::exceptions::PyKeyError::new_err("path"))?;
        Ok(Self {
            path: path.cast_into()?,
            root_path: text(scope, intern!(py, "root_path"))?,
            method: text(scope, intern!(py, "method"))?,
        })
    }

    /// The whole path; none for lone surrogates, which can't be matched as text and which no server makes.
    pub fn path(&self) -> Option<&str> {
        self.path.to_str().ok()
    }

    pub fn root_path(&self) -> &str {
        self.root_path
            .as_ref()
            .and_then(|path| path.to_str().ok())
            .unwrap_or_default()
    }

    pub fn method(&self) -> &str {
        self.method
            .as_ref()
            .and_then(|method| method.to_str().ok())
            .unwrap_or_default()
    }
}

fn text<'py>(
    scope: &Bound<'py, PyDict>,
    key: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyString>>> {
    Ok(scope.get_item(key)?.map(Bound::cast_into).transpose()?)
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
