"""Routes, routers, and the functions that handle requests.

Instrumentation libraries replace functions of this module (`get_request_handler`, `solve_dependencies` …)
while an application serves: they are looked up here at each use, and a replacement drops whatever was
compiled with the old one.
"""

from typing import TYPE_CHECKING

from starlette import routing as routing
from starlette._exception_handler import wrap_app_handling_exceptions as wrap_app_handling_exceptions
from starlette._utils import get_route_path as get_route_path
from starlette._utils import is_async_callable as is_async_callable
from starlette.concurrency import iterate_in_threadpool as iterate_in_threadpool
from starlette.concurrency import run_in_threadpool as run_in_threadpool
from starlette.datastructures import URL as URL
from starlette.datastructures import URLPath as URLPath
from starlette.exceptions import HTTPException as HTTPException
from starlette.middleware import Middleware as Middleware
from starlette.requests import Request as Request
from starlette.responses import JSONResponse as JSONResponse
from starlette.responses import PlainTextResponse as PlainTextResponse
from starlette.responses import RedirectResponse as RedirectResponse
from starlette.responses import Response as Response
from starlette.responses import StreamingResponse as StreamingResponse
from starlette.routing import BaseRoute as BaseRoute
from starlette.routing import Match as Match
from starlette.routing import Mount as Mount
from starlette.routing import NoMatchFound as NoMatchFound
from starlette.routing import compile_path as compile_path
from starlette.routing import get_name as get_name
from starlette.types import AppType as AppType
from starlette.types import ASGIApp as ASGIApp
from starlette.types import Lifespan as Lifespan
from starlette.types import Receive as Receive
from starlette.types import Scope as Scope
from starlette.types import Send as Send
from starlette.websockets import WebSocket as WebSocket

from . import _incidental, _namespace
from . import params as params
from ._body_limit import get_body_limit_error as get_body_limit_error
from ._body_limit import get_body_size_limit as get_body_size_limit
from ._body_limit import validate_max_body_size as validate_max_body_size
from ._body_limit import wrap_app_with_body_limit as wrap_app_with_body_limit
from ._compat import ModelField as ModelField
from ._compat import Undefined as Undefined
from ._compat import lenient_issubclass as lenient_issubclass
from ._form_limits import _FormLimits as _FormLimits
from ._form_limits import _validate_form_limits as _validate_form_limits
from ._routing import _public
from ._routing.effective import RouteContext as RouteContext
from ._routing.effective import _EffectiveRouteContext as _EffectiveRouteContext
from ._routing.endpoint_context import _endpoint_context_cache as _endpoint_context_cache
from ._routing.endpoint_context import _extract_endpoint_context as _extract_endpoint_context
from ._routing.frontend_files import _FrontendStaticFiles as _FrontendStaticFiles
from ._routing.frontend_files import _is_frontend_navigation_request as _is_frontend_navigation_request
from ._routing.frontend_files import _iter_accept_media_types as _iter_accept_media_types
from ._routing.frontend_paths import _frontend_path_specificity as _frontend_path_specificity
from ._routing.frontend_paths import _get_resolved_absolute_path as _get_resolved_absolute_path
from ._routing.frontend_paths import _join_frontend_paths as _join_frontend_paths
from ._routing.frontend_paths import _normalize_frontend_path as _normalize_frontend_path
from ._routing.frontend_paths import _resolve_frontend_check_dir as _resolve_frontend_check_dir
from ._routing.frontend_routes import _FrontendRoute as _FrontendRoute
from ._routing.frontend_routes import _FrontendRouteGroup as _FrontendRouteGroup
from ._routing.handler import get_request_handler as get_request_handler
from ._routing.handler import request_response as request_response
from ._routing.include_context import _RouterIncludeContext as _RouterIncludeContext
from ._routing.include_context import _RouteWithPath as _RouteWithPath
from ._routing.included import _IncludedRouter as _IncludedRouter
from ._routing.included import _iter_included_route_candidates as _iter_included_route_candidates
from ._routing.included import _iter_routes_with_context as _iter_routes_with_context
from ._routing.included import iter_route_contexts as iter_route_contexts
from ._routing.lifespan import _T as _T
from ._routing.lifespan import _AsyncLiftContextManager as _AsyncLiftContextManager
from ._routing.lifespan import _DefaultLifespan as _DefaultLifespan
from ._routing.lifespan import _merge_lifespan_context as _merge_lifespan_context
from ._routing.lifespan import _wrap_gen_lifespan_context as _wrap_gen_lifespan_context
from ._routing.results import _build_response_args as _build_response_args
from ._routing.results import _normalize_non_finite_floats as _normalize_non_finite_floats
from ._routing.results import run_endpoint_function as run_endpoint_function
from ._routing.results import serialize_response as serialize_response
from ._routing.route import APIRoute as APIRoute
from ._routing.router import APIRouter as APIRouter
from ._routing.scope import _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY as _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY
from ._routing.scope import _FASTAPI_FORM_LIMITS_KEY as _FASTAPI_FORM_LIMITS_KEY
from ._routing.scope import _FASTAPI_FRONTEND_PATH_KEY as _FASTAPI_FRONTEND_PATH_KEY
from ._routing.scope import _FASTAPI_FRONTEND_SPECIFICITY_KEY as _FASTAPI_FRONTEND_SPECIFICITY_KEY
from ._routing.scope import _FASTAPI_INCLUDED_ROUTER_KEY as _FASTAPI_INCLUDED_ROUTER_KEY
from ._routing.scope import _FASTAPI_SCOPE_KEY as _FASTAPI_SCOPE_KEY
from ._routing.scope import _SCOPE_MISSING as _SCOPE_MISSING
from ._routing.scope import _apply_router_form_limits as _apply_router_form_limits
from ._routing.scope import _effective_route_context_var as _effective_route_context_var
from ._routing.scope import _frontend_scope_specificity as _frontend_scope_specificity
from ._routing.scope import _get_fastapi_scope as _get_fastapi_scope
from ._routing.scope import _get_scope_effective_route_context as _get_scope_effective_route_context
from ._routing.scope import _get_scope_included_router as _get_scope_included_router
from ._routing.scope import _resolve_form_limits as _resolve_form_limits
from ._routing.scope import _restore_fastapi_scope_key as _restore_fastapi_scope_key
from ._routing.scope import _update_scope as _update_scope
from ._routing.state import _APIRouteLike as _APIRouteLike
from ._routing.state import (
    _build_dependant_with_parameterless_dependencies as _build_dependant_with_parameterless_dependencies,
)
from ._routing.state import _frontend_dependency_endpoint as _frontend_dependency_endpoint
from ._routing.state import _populate_api_route_state as _populate_api_route_state
from ._routing.websocket import get_websocket_app as get_websocket_app
from ._routing.websocket import websocket_session as websocket_session
from ._routing.websocket_route import APIWebSocketRoute as APIWebSocketRoute
from .datastructures import Default as Default
from .datastructures import DefaultPlaceholder as DefaultPlaceholder
from .dependencies.models import Dependant as Dependant
from .dependencies.models import _is_async_gen_callable as _is_async_gen_callable
from .dependencies.models import _is_coroutine_callable as _is_coroutine_callable
from .dependencies.models import _is_gen_callable as _is_gen_callable
from .dependencies.utils import SolvedDependency as SolvedDependency
from .dependencies.utils import _get_body_field as _get_body_field
from .dependencies.utils import _get_flat_body_params as _get_flat_body_params
from .dependencies.utils import _should_embed_body_fields as _should_embed_body_fields
from .dependencies.utils import get_dependant as get_dependant
from .dependencies.utils import get_parameterless_sub_dependant as get_parameterless_sub_dependant
from .dependencies.utils import get_stream_item_type as get_stream_item_type
from .dependencies.utils import get_typed_return_annotation as get_typed_return_annotation
from .dependencies.utils import solve_dependencies as solve_dependencies
from .encoders import jsonable_encoder as jsonable_encoder
from .exceptions import EndpointContext as EndpointContext
from .exceptions import FastAPIError as FastAPIError
from .exceptions import RequestValidationError as RequestValidationError
from .exceptions import ResponseValidationError as ResponseValidationError
from .exceptions import WebSocketRequestValidationError as WebSocketRequestValidationError
from .sse import _PING_INTERVAL as _PING_INTERVAL
from .sse import KEEPALIVE_COMMENT as KEEPALIVE_COMMENT
from .sse import EventSourceResponse as EventSourceResponse
from .sse import ServerSentEvent as ServerSentEvent
from .sse import format_sse_event as format_sse_event
from .types import DecoratedCallable as DecoratedCallable
from .types import IncEx as IncEx
from .utils import create_model_field as create_model_field
from .utils import generate_unique_id as generate_unique_id
from .utils import get_value_or_default as get_value_or_default
from .utils import is_body_allowed_for_status_code as is_body_allowed_for_status_code

if TYPE_CHECKING:
    from .telemetry._api import _operation as _operation
    from .telemetry._api import _route_selected as _route_selected
    from .telemetry._api import _run_sync_endpoint as _run_sync_endpoint
    from .telemetry._api import _validation_failed as _validation_failed
    from .telemetry._api import get_telemetry_data as get_telemetry_data


_incidental.complete(__name__)
_public.adopt(__name__)
_namespace.spread(
    __name__,
    "_routing",
    "_compiled.leaves",
    compilers=("_compiled.plan", "_compiled.routes"),
)

# Last, since the leaves look back at this module.
from ._compiled import leaves as _leaves  # noqa: E402, F401
