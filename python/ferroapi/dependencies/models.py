"""The `Dependant` tree and what can be told from one node of it."""

from .. import _incidental, _namespace
from .._compat import ModelField as ModelField
from .._dependencies.callables import (
    _CALLABLE_CLASSIFICATION_CACHE_SIZE as _CALLABLE_CLASSIFICATION_CACHE_SIZE,
)
from .._dependencies.callables import _CallIdentity as _CallIdentity
from .._dependencies.callables import _impartial as _impartial
from .._dependencies.callables import _is_async_gen_callable as _is_async_gen_callable
from .._dependencies.callables import _is_async_gen_callable_cached as _is_async_gen_callable_cached
from .._dependencies.callables import _is_coroutine_callable as _is_coroutine_callable
from .._dependencies.callables import _is_coroutine_callable_cached as _is_coroutine_callable_cached
from .._dependencies.callables import _is_gen_callable as _is_gen_callable
from .._dependencies.callables import _is_gen_callable_cached as _is_gen_callable_cached
from .._dependencies.callables import _unwrapped_call as _unwrapped_call
from .._dependencies.callables import iscoroutinefunction as iscoroutinefunction
from .._dependencies.dependant import Dependant as Dependant
from .._dependencies.scopes import _get_cache_key as _get_cache_key
from .._dependencies.scopes import _get_computed_scope as _get_computed_scope
from .._dependencies.scopes import _get_oauth_scopes as _get_oauth_scopes
from .._dependencies.scopes import _get_security_scheme as _get_security_scheme
from .._dependencies.scopes import _is_security_scheme as _is_security_scheme
from .._dependencies.scopes import _uses_scopes as _uses_scopes
from .._dependencies.scopes import _UsesScopesCache as _UsesScopesCache
from ..concurrency import _DependencyConcurrency as _DependencyConcurrency
from ..security.base import SecurityBase as SecurityBase
from ..types import DependencyCacheKey as DependencyCacheKey

Dependant.__module__ = __name__
_incidental.complete(__name__)
_namespace.spread(__name__, "_dependencies.callables", "_dependencies.dependant", "_dependencies.scopes")
