//! One connection through the table: the first full match wins, else the first partial one.

use pyo3::exceptions::PyAssertionError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use ferroapi_http::{RouteId, Verdict};

use super::dispatcher::Dispatcher;
use super::path::{Target, route_path, toggled_slash};
use super::table::{self, Reach, RouteSpec, Table, dict_of};
use crate::attached::attached;
use crate::pipeline::RouteApp;
use crate::request::{RequestContext, RootPath};
use crate::scope::{Key, Member};
use crate::shared::Shared;
use crate::stacks::StackKey;

/// What became of the connection.
pub enum Found {
    /// A route (or a redirect, or the router's own fallback) took it.
    Route,
    /// Nothing did, and the answer is the plain 404 for applications.
    Nothing,
}

/// A route that is to run.
enum Hit {
    Compiled {
        id: RouteId,
        reach: Reach,
        path_params: Py<PyDict>,
    },
    Asked {
        id: RouteId,
        reach: Reach,
        child_scope: Py<PyAny>,
    },
}

impl Hit {
    fn place(&self) -> (RouteId, Reach) {
        match self {
            Self::Compiled { id, reach, .. } | Self::Asked { id, reach, .. } => (*id, *reach),
        }
    }
}

/// What the table says of a connection.
enum LookedUp {
    Hit(Hit),
    /// The response that sends the client to the same path with or without its slash.
    Redirect(Py<PyAny>),
    Nothing,
}

/// Runs the connection in `cx` through the router's table.
pub async fn dispatch(dispatcher: &Dispatcher, cx: &mut RequestContext) -> PyResult<Found> {
    let (table, http) = match attached(|py| enter(py, dispatcher, cx))? {
        Entered::Http(table) => (table, true),
        Entered::WebSocket(table) => (table, false),
        Entered::Lifespan(call) => {
            cx.run(call).await?;
            return Ok(Found::Route);
        }
    };
    let found = attached(|py| look_up(py, &table, cx, http))?;
    match found {
        LookedUp::Hit(hit) => {
            run(&table, cx, hit).await?;
            return Ok(Found::Route);
        }
        LookedUp::Redirect(call) => {
            cx.run(call).await?;
            return Ok(Found::Route);
        }
        LookedUp::Nothing => {}
    }
    let plain = table.spec.plain_fallback && http && attached(|py| cx.is_within_application(py))?;
    if plain {
        return Ok(Found::Nothing);
    }
    let call = attached(|py| {
        cx.stack(py, StackKey::Middleware)?;
        let sender = cx.sender(py)?;
        cx.leaves.fallback.call1(
            py,
            (
                &dispatcher.router,
                cx.scope.object(py)?,
                cx.receive(py)?,
                sender,
            ),
        )
    })?;
    cx.run(call).await?;
    Ok(Found::Route)
}

/// The kind of connection; a lifespan does not look at the routes, which may still change before the first
/// request.
enum Entered {
    Http(Shared<Table>),
    WebSocket(Shared<Table>),
    Lifespan(Py<PyAny>),
}

/// What the router does before it looks at its routes.
fn enter(py: Python<'_>, dispatcher: &Dispatcher, cx: &mut RequestContext) -> PyResult<Entered> {
    let made = if cx.is_http {
        None
    } else {
        Some(cx.scope.member(py, Member::Type)?)
    };
    let kind = match &made {
        Some(kind) => kind
            .cast::<PyString>()
            .map_or(Ok(""), |kind| kind.to_str())?,
        None => "http",
    };
    if !matches!(kind, "http" | "websocket" | "lifespan") {
        return Err(PyAssertionError::new_err(()));
    }
    if kind == "lifespan" {
        publish_router(py, dispatcher, cx)?;
        let method = dispatcher.router.getattr(py, intern!(py, "lifespan"))?;
        let sender = cx.sender(py)?;
        let call = method.call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender))?;
        return Ok(Entered::Lifespan(call));
    }
    let table = dispatcher.table(py, cx.leaves)?;
    if let Some(limits) = &table.spec.form_limits {
        cx.leaves
            .apply_form_limits
            .call1(py, (cx.scope.object(py)?, limits))?;
    }
    publish_router(py, dispatcher, cx)?;
    Ok(if kind == "http" {
        Entered::Http(table)
    } else {
        Entered::WebSocket(table)
    })
}

fn publish_router(py: Python<'_>, dispatcher: &Dispatcher, cx: &RequestContext) -> PyResult<()> {
    cx.scope.set_default(py, Key::Router, &dispatcher.router)
}

fn look_up(
    py: Python<'_>,
    table: &Table,
    cx: &mut RequestContext,
    http: bool,
) -> PyResult<LookedUp> {
    let target = if http {
        Some(Target::of(py, &cx.scope)?)
    } else {
        None
    };
    let text = target.as_ref().filter(|target| target.path().is_some());
    let mut asked = text.is_none();
    let hit = match text {
        Some(target) => find(py, table, cx, target, &mut asked)?,
        None => find_asking_all(py, table, cx, http)?,
    };
    let plain_root_path = target.as_ref().is_some_and(|target| target.plain_root_path);
    let passes_included = table.spec.has_included
        && hit.as_ref().is_none_or(|hit| {
            let (id, reach) = hit.place();
            let route = table.route(id);
            route.is_some_and(|route| route.passes_included(reach))
        });
    if passes_included {
        let empty = PyDict::new(py).into_any().unbind();
        cx.scope.set_default(py, Key::Fastapi, &empty)?;
    }
    if let Some(hit) = hit {
        if plain_root_path {
            cx.root_path = RootPath::Plain;
        }
        return Ok(LookedUp::Hit(hit));
    }
    // A route that was asked may have written to the scope.
    let target = match target {
        Some(_) if asked => Some(Target::of(py, &cx.scope)?),
        known => known,
    };
    let target = target.filter(|target| may_redirect(table, target));
    let Some((path, root_path)) = target.as_ref().and_then(Target::owned_paths) else {
        return Ok(LookedUp::Nothing);
    };
    let call = redirect(py, table, cx, &path, &root_path)?;
    Ok(call.map_or(LookedUp::Nothing, LookedUp::Redirect))
}

fn find(
    py: Python<'_>,
    table: &Table,
    cx: &RequestContext,
    request: &Target<'_, '_>,
    asked: &mut bool,
) -> PyResult<Option<Hit>> {
    let path = request.path().unwrap_or_default();
    let path = route_path(path, request.root_path());
    let mut partial = None;
    // The iterator is large, and without `by_ref` the loop would move it.
    let mut candidates = table.tree().matches(path);
    for candidate in candidates.by_ref() {
        let Some(route) = table.route(candidate.route) else {
            continue;
        };
        if candidate.verdict == Verdict::AskCaller {
            *asked = true;
            let scope = cx.scope.object(py)?;
            match ask(py, cx, route, candidate.route, scope)? {
                Asked::Full(hit) => return Ok(Some(hit)),
                Asked::Partial(hit) => partial = partial.or(Some(hit)),
                Asked::None => {}
            }
            continue;
        }
        let outer = cx.scope.get(py, Key::PathParams)?;
        let texts = candidate.params.iter().map(|range| range.of(path));
        let path_params = route.path_params(outer, texts, py)?.unbind();
        let reach = route.reach(request, py)?;
        let hit = Hit::Compiled {
            id: candidate.route,
            reach,
            path_params,
        };
        if reach == Reach::Full {
            return Ok(Some(hit));
        }
        partial = partial.or(Some(hit));
    }
    Ok(partial)
}

/// Asks the routes one by one, in their order: those that are not compiled for a WebSocket session (compiled
/// ones answer HTTP only), all of them for a path that is no Unicode text.
fn find_asking_all(
    py: Python<'_>,
    table: &Table,
    cx: &RequestContext,
    http: bool,
) -> PyResult<Option<Hit>> {
    let scope = cx.scope.object(py)?;
    let mut partial = None;
    for (index, route) in table.routes().iter().enumerate() {
        if !http && route.target.is_some() {
            continue;
        }
        let Ok(id) = u32::try_from(index).map(RouteId) else {
            break;
        };
        match ask(py, cx, route, id, scope)? {
            Asked::Full(hit) => return Ok(Some(hit)),
            Asked::Partial(hit) => partial = partial.or(Some(hit)),
            Asked::None => {}
        }
    }
    Ok(partial)
}

enum Asked {
    Full(Hit),
    Partial(Hit),
    None,
}

/// `route.matches(scope)`.
fn ask(
    py: Python<'_>,
    cx: &RequestContext,
    route: &RouteSpec,
    id: RouteId,
    scope: &Bound<'_, PyAny>,
) -> PyResult<Asked> {
    let answer = route
        .asked
        .bind(py)
        .call_method1(intern!(py, "matches"), (scope,))?;
    let (reach, child_scope): (Bound<'_, PyAny>, Py<PyAny>) = answer.extract()?;
    let hit = |reach| Hit::Asked {
        id,
        reach,
        child_scope,
    };
    if reach.is(cx.leaves.match_full.bind(py)) {
        return Ok(Asked::Full(hit(Reach::Full)));
    }
    if reach.is(cx.leaves.match_partial.bind(py)) {
        return Ok(Asked::Partial(hit(Reach::Partial)));
    }
    Ok(Asked::None)
}

async fn run(table: &Table, cx: &mut RequestContext, hit: Hit) -> PyResult<()> {
    let call = match hit {
        Hit::Asked {
            id, child_scope, ..
        } => attached(|py| {
            let route = table.route(id).ok_or_else(lost_route)?;
            cx.stack(py, StackKey::Middleware)?;
            cx.leaves
                .update_scope
                .call1(py, (cx.scope.object(py)?, child_scope))?;
            cx.leaves
                .route_selected
                .call1(py, (cx.scope.object(py)?, &route.asked))?;
            let sender = cx.sender(py)?;
            let arguments = (cx.scope.object(py)?, cx.receive(py)?, sender);
            route
                .asked
                .call_method1(py, intern!(py, "handle"), arguments)
        })?,
        Hit::Compiled {
            id,
            reach,
            path_params,
        } => {
            let route = table.route(id).ok_or_else(lost_route)?;
            let target = route.target.as_ref().ok_or_else(lost_route)?;
            attached(|py| select(py, cx, target, path_params))?;
            if reach == Reach::Full {
                let app = attached(|py| {
                    target
                        .app
                        .cast_bound::<RouteApp>(py)
                        .ok()
                        .filter(|app| app.get().is_of(py, cx.leaves))
                        .map(|app| app.clone().unbind())
                });
                if let Some(app) = app {
                    return app.get().respond(cx).await;
                }
            }
            attached(|py| {
                let sender = cx.sender(py)?;
                if reach == Reach::Full {
                    cx.stack(py, StackKey::Middleware)?;
                    return target
                        .app
                        .call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender));
                }
                let arguments = (
                    &target.methods,
                    cx.scope.object(py)?,
                    cx.receive(py)?,
                    sender,
                );
                cx.leaves.method_not_allowed.call1(py, arguments)
            })?
        }
    };
    cx.run(call).await
}

fn lost_route() -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err("ferroapi: a matched route left its table")
}

/// Writes what a compiled match means into the scope.
fn select(
    py: Python<'_>,
    cx: &RequestContext,
    target: &table::Target,
    path_params: Py<PyDict>,
) -> PyResult<()> {
    for limits in &target.form_limits {
        let scope = cx.scope.object(py)?;
        cx.leaves.apply_form_limits.call1(py, (scope, limits))?;
    }
    if let Some(written) = &target.fastapi {
        let written = written.bind(py);
        if let Some(present) = cx.scope.get(py, Key::Fastapi)? {
            let present = present.cast::<PyDict>();
            let present = present.map_err(|_| PyAssertionError::new_err(()))?;
            present.update(written.as_mapping())?;
        } else {
            let copy = written.copy()?.into_any().unbind();
            cx.scope.set(py, Key::Fastapi, &copy)?;
        }
    }
    let scope = &cx.scope;
    scope.set(py, Key::Endpoint, &target.endpoint)?;
    scope.set(py, Key::PathParams, path_params.as_any())?;
    if let Some(route) = &target.route {
        scope.set(py, Key::Route, route)?;
    }
    if let Some(limits) = &target.limits {
        cx.limit(py, limits)?;
    }
    if cx.traced {
        let scope = scope.object(py)?;
        cx.leaves
            .telemetry_route
            .call1(py, (scope, &target.path_format))?;
    }
    Ok(())
}

/// Whether it is worth while to look for the same path with or without its slash.
fn may_redirect(table: &Table, target: &Target<'_, '_>) -> bool {
    let Some(path) = target.path().filter(|_| table.spec.redirect_slashes) else {
        return false;
    };
    let present = route_path(path, target.root_path());
    present != "/" && (table.takes_final_slash || present.is_empty() || present.ends_with('/'))
}

/// The redirect to the same path with or without its slash, if a route matches that.
fn redirect(
    py: Python<'_>,
    table: &Table,
    cx: &mut RequestContext,
    path: &str,
    root_path: &str,
) -> PyResult<Option<Py<PyAny>>> {
    let present = route_path(path, root_path);
    let other = toggled_slash(path, present);
    let other_route_path = route_path(&other, root_path);
    let mut redirect_scope = None;
    for candidate in table.tree().matches(other_route_path) {
        let Some(route) = table.route(candidate.route) else {
            continue;
        };
        let matched = match candidate.verdict {
            Verdict::AskCaller => {
                let scope = if let Some(scope) = &redirect_scope {
                    scope
                } else {
                    let copy = dict_of(cx.scope.object(py)?)?;
                    copy.set_item(intern!(py, "path"), &other)?;
                    redirect_scope.insert(copy)
                };
                !matches!(
                    ask(py, cx, route, candidate.route, scope.as_any())?,
                    Asked::None
                )
            }
            Verdict::Matched => {
                // Converted for nothing, as `matches()` would: a convertor may refuse by raising.
                let texts = candidate
                    .params
                    .iter()
                    .map(|range| range.of(other_route_path));
                route.path_params(None, texts, py)?;
                true
            }
        };
        if matched {
            let sender = cx.sender(py)?;
            let arguments = (
                cx.scope.object(py)?,
                &other,
                &route.asked,
                cx.receive(py)?,
                sender,
            );
            return cx.leaves.redirect.call1(py, arguments).map(Some);
        }
    }
    Ok(None)
}
