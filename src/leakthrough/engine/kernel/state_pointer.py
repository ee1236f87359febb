"""A thread's state in compiled code: a pointer to the addresses and lengths of its arrays.

Numba passes a tuple of arrays by value, seven numbers for each array. With 26 arrays a call took
longer than most functions, and a fifth of the compilation; so nearly all functions were inlined.
"""

# Numba's interface for new types has few annotations of its own.
# mypy: disable-error-code="arg-type, call-overload, import-untyped, misc, override"
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numba
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    overload,
    register_model,
)
from numba.np.arrayobj import make_array, populate_array

from leakthrough.engine.kernel.compiling import INSIDE, JIT_OFF, Function
from leakthrough.engine.layout import ARRAYS, Whole

if TYPE_CHECKING:
    from leakthrough.engine.state import State

TYPES = {name: types.Array(numba.from_dtype(dtype), 1, "C") for name, dtype in ARRAYS.items()}
POSITIONS = {name: 2 * n for n, name in enumerate(ARRAYS)}
"""Of an array's address among the addresses and lengths."""


class _StateType(types.Type):
    def __init__(self, rules: bool) -> None:
        super().__init__(f"leakthrough.State({rules})")


PLAIN, RULED = _StateType(False), _StateType(True)
"""Of scenarios without rules that few scenarios have (`Tables.has_rules`), and with any."""
register_model(_StateType)(models.OpaqueModel)


@infer_getattr
class _Arrays(AttributeTemplate):
    key = _StateType

    def generic_resolve(self, _state: Any, name: str) -> Any:
        return TYPES.get(name)


@lower_getattr_generic(_StateType)
def _array(context: Any, builder: Any, _type: Any, state: Any, name: str) -> Any:
    """Load the address and the length of an array, and build its descriptor."""

    def number(value: int) -> Any:
        return context.get_constant(types.intp, value)

    def load(position: int, type_: Any) -> Any:
        numbers = builder.bitcast(state, type_.as_pointer())
        found = builder.load(builder.gep(numbers, [number(position)], inbounds=True))
        # No array is moved, so LLVM need not load it again after a store.
        found.set_metadata("invariant.load", builder.module.add_metadata([]))
        return found

    array, size = make_array(TYPES[name])(context, builder), number(ARRAYS[name].itemsize)
    populate_array(
        array,
        data=load(POSITIONS[name], array.data.type),
        shape=[load(POSITIONS[name] + 1, cgutils.intp_t)],
        strides=[size],
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@intrinsic
def _pointer(_context: Any, addresses: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, given[0])
        return builder.bitcast(array.data, cgutils.voidptr_t)

    return (PLAIN if addresses.ndim == 1 else RULED)(addresses), generate


def _itself(state: Any) -> Any:
    return state


state_at: Any = _itself if JIT_OFF else _pointer
"""In compiled code: the state whose arrays have these addresses."""


def has_rules(_state: Any) -> bool:
    """Whether the scenario has rules that few scenarios have; known when the kernel is compiled.

    Not inlined by Numba 0.68 (`inline="always"`): it then drops code that is reached, and the
    state of a replication was not reset. LLVM inlines it.
    """
    return True


@overload(has_rules, strict=False, jit_options=INSIDE)
def _has_rules(state: Any) -> Any:
    rules = state is RULED
    return lambda state: rules


def seldom(default: Any = None) -> Callable[[Function], Function]:
    """Compile a function for scenarios with rules only; in others, nothing calls it.

    There it is replaced by a stub that returns the default, which must have the type of the result.
    Compiled with one kernel for all scenarios, the rules took twice as long to compile, and
    scenarios without them 6 to 13 % longer to simulate. The first argument must be the state.
    """

    def decorate(function: Function) -> Function:
        def choose(*given: Any) -> Any:
            return function if given[0] is RULED else lambda *_: default

        overload(function, strict=False, jit_options=INSIDE)(choose)
        return function

    return decorate


def handle(state: "State") -> "State | Whole":
    """What `state_at` takes: the addresses, or the state itself if the JIT is off."""
    return state if JIT_OFF else state.addresses
