//! The flattened routes of a router, as the Python side describes them, in one prefix tree.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString};

use ferroapi_http::{Convertor, PathTemplate, RouteId, RouteTree};

use super::convert::Parameter;
use super::path;
use crate::server::Policy;
use crate::stamp::Stamped;
use crate::traverse::traverse;
use crate::watch::Watched;

/// One route, in registration order.
#[derive(FromPyObject)]
pub struct RouteSpec {
    /// The path template, or none where only the route itself can tell (`asked.matches`).
    template: Option<String>,
    /// Regular expressions of convertors by the name used in the template.
    convertors: Vec<(String, String)>,
    parameters: Vec<Parameter>,
    /// What `matches()` and `handle()` are asked of, when they have to be.
    pub asked: Py<PyAny>,
    pub target: Option<Target>,
    /// It is part of an included router, or one is asked before it.
    behind_included: bool,
}

/// What a compiled match writes into the scope and runs.
#[derive(FromPyObject)]
pub struct Target {
    pub endpoint: Py<PyAny>,
    /// `scope["route"]`, for API routes.
    pub route: Option<Py<PyAny>>,
    /// The route's own set of allowed methods: it is asked at each request, since it may be edited. None, or an empty
    /// one, allows every method.
    pub methods: Py<PyAny>,
    /// The route's own dict of convertors by the names of parameters, which may be edited as well.
    convertors: Py<PyAny>,
    pub app: Py<PyAny>,
    /// Form limits that the included routers around the route set, applied in order.
    pub form_limits: Vec<Py<PyAny>>,
    /// What goes into `scope["fastapi"]`; none where no included router was asked before the route.
    pub fastapi: Option<Py<PyDict>>,
    pub path_format: Option<Py<PyString>>,
    /// Limits that were set on the endpoint.
    pub limits: Option<Policy>,
}

/// All routes of a router.
#[derive(FromPyObject)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, named as on the Python side"
)]
pub struct RoutesSpec {
    routes: Vec<RouteSpec>,
    pub redirect_slashes: bool,
    /// No low-priority routes and no default application of the user's: unmatched means 404.
    pub plain_fallback: bool,
    pub form_limits: Option<Py<PyAny>>,
    pub has_included: bool,
    /// The routes are in a sequence that tells of no change.
    pub volatile: bool,
    /// Classes of the user's whose methods decide what is compiled.
    pub classes: Watched,
    /// The attributes of Starlette's own routes, which nothing tells of a change.
    plain: Vec<Stamped>,
    pub snapshot: Py<PyAny>,
}

/// The compiled table.
pub struct Table {
    pub spec: RoutesSpec,
    /// Some route may match a longer path than `/` that ends with a slash.
    pub takes_final_slash: bool,
    tree: RouteTree,
}

traverse!(Table { spec } but { takes_final_slash, tree });
traverse!(RoutesSpec {
    routes, form_limits, classes, plain, snapshot
} but {
    redirect_slashes, plain_fallback, has_included, volatile
});
traverse!(RouteSpec {
    parameters, asked, target
} but {
    behind_included, template, convertors
});
traverse!(Target {
    endpoint, route, methods, convertors, app, form_limits, fastapi
} but {
    path_format, limits
});

/// How far a route matches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Full,
    /// The path matches, the method does not.
    Partial,
}

impl Table {
    pub fn build(spec: RoutesSpec) -> Self {
        let mut builder = RouteTree::builder();
        for (index, route) in spec.routes.iter().enumerate() {
            let Ok(id) = u32::try_from(index).map(RouteId) else {
                break;
            };
            match route.parse() {
                Some(template) => builder.insert(id, &template),
                None => builder.insert_opaque(id),
            };
        }
        Self {
            takes_final_slash: spec.routes.iter().any(RouteSpec::may_take_final_slash),
            spec,
            tree: builder.build(),
        }
    }

    pub fn tree(&self) -> &RouteTree {
        &self.tree
    }

    pub fn routes(&self) -> &[RouteSpec] {
        &self.spec.routes
    }

    pub fn route(&self, id: RouteId) -> Option<&RouteSpec> {
        self.spec.routes.get(id.0 as usize)
    }
}

impl RoutesSpec {
    /// Whether nothing was written to a route of Starlette's own, as far as the interpreter counts that.
    pub fn plain_routes_are_unchanged(&self, py: Python<'_>) -> bool {
        !Stamped::TELLS || self.plain.iter().all(|route| route.is_unchanged(py))
    }

    /// To be called before these routes are read.
    pub fn settle_plain_routes(&self, py: Python<'_>) {
        self.plain.iter().for_each(|route| route.settle(py));
    }
}

impl RouteSpec {
    /// False if the template ends with text other than a slash, or with a parameter that has none in it.
    fn may_take_final_slash(&self) -> bool {
        let Some(template) = self.template.as_deref() else {
            return true;
        };
        let Some(parameter) = template.strip_suffix('}') else {
            return template.len() > 1 && template.ends_with('/');
        };
        let (_, parameter) = parameter.rsplit_once('{').unwrap_or(("", parameter));
        let (_, convertor) = parameter.split_once(':').unwrap_or((parameter, "str"));
        let built_in = matches!(convertor, "str" | "int" | "float" | "uuid");
        !built_in || self.convertors.iter().any(|(name, _)| name == convertor)
    }

    fn parse(&self) -> Option<PathTemplate> {
        let template = self.template.as_deref()?;
        self.target.as_ref()?;
        PathTemplate::parse_with(template, |name| {
            let custom = self.convertors.iter().find(|(known, _)| known == name);
            match custom {
                Some((_, regex)) => Some(Convertor::Custom {
                    regex: regex.clone().into(),
                }),
                None => Convertor::builtin(name),
            }
        })
        .ok()
    }

    /// Whether an included router was asked on the way to this match, which leaves `scope["fastapi"]`: after a partial
    /// one, all of them were. A compiled match writes it itself.
    pub fn passes_included(&self, reach: Reach) -> bool {
        reach == Reach::Partial || (self.target.is_none() && self.behind_included)
    }

    /// How far the route matches a request for its path, whose method is asked for where that decides.
    pub fn reach(&self, request: &path::Target<'_, '_>, py: Python<'_>) -> PyResult<Reach> {
        let Some(target) = &self.target else {
            return Ok(Reach::Full);
        };
        let methods = target.methods.bind(py);
        let allowed = match methods.cast_exact::<PySet>() {
            Ok(set) => set.is_empty() || set.contains(request.method(py)?)?,
            Err(_) => !methods.is_truthy()? || methods.contains(request.method(py)?)?,
        };
        Ok(if allowed { Reach::Full } else { Reach::Partial })
    }

    /// The request's path parameters, those of outer mounts included.
    pub fn path_params<'a, 'py>(
        &self,
        outer: Option<Bound<'py, PyAny>>,
        texts: impl Iterator<Item = &'a str>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let params = match outer {
            Some(outer) => dict_of(&outer)?,
            None => PyDict::new(py),
        };
        if let Some(target) = &self.target {
            let convertors = target.convertors.bind(py);
            for (parameter, text) in self.parameters.iter().zip(texts) {
                params.set_item(&parameter.name, parameter.convert(convertors, text)?)?;
            }
        }
        Ok(params)
    }
}

/// `dict(mapping)`.
pub fn dict_of<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        return dict.copy();
    }
    let class = mapping.py().get_type::<PyDict>();
    Ok(class.call1((mapping,))?.cast_into()?)
}
