"""Compiling flat classes: numba learns that an instance is a pointer to words, and compiles its methods as they are.

Only numba's documented extension points are used here (types, data models, attribute and method templates, intrinsics);
what needs more is in ``core/linked.py``. A value of a flat type is one pointer without an owner, so that nothing is
counted or allocated while a kernel runs; on the engine's own work that is ten times faster than passing arrays about
(``python -m benchmarks engine``).

Arithmetic is strict: no fast-math, no contraction, Python's rules for division. That is why a kernel and the
interpreter give the same bits.
"""

import importlib
import operator
import types as python_types
from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, imputils
from numba.core.typing import templates
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_builtin,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)
from numba.np import linalg

from backtest.core import flat
from backtest.core.flat import Flat, Kind
from backtest.core.linked import Linked

_WORD = ir.IntType(64)


def _import_array_functions() -> None:
    """Import what numba imports with its first kernel, but not ``scipy.linalg``, which is slow to import.

    numba asks for BLAS while it imports them only to learn whether ``np.cov`` could be compiled: with scipy, which is
    one of our requirements, it could. Who compiles linear algebra later calls the real ``ensure_blas``.
    """
    ensure_blas, linalg.ensure_blas = linalg.ensure_blas, lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = ensure_blas


_import_array_functions()


class FlatType(types.Type):
    """The type of a flat object."""

    def __init__(self, cls: type[Flat]) -> None:
        self.cls = cls
        self.offsets = flat.offsets(cls)
        super().__init__(name=f"flat {cls.__module__}.{cls.__qualname__}")


class WordsType(types.Type):
    """The type of a window: a pointer to floats or integers."""

    def __init__(self, element: types.Type) -> None:
        self.element = element
        super().__init__(name=f"words of {element}")


class TableType(types.Type):
    """The type of a table: a pointer to its first object, and the words from one to the next."""

    def __init__(self, row: FlatType) -> None:
        self.row = row
        super().__init__(name=f"table of {row}")


class _Pointer(models.PrimitiveModel):
    def __init__(self, manager: Any, declared: types.Type) -> None:
        super().__init__(manager, declared, _WORD.as_pointer())


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, manager: Any, declared: types.Type) -> None:
        super().__init__(manager, declared, [("first", types.CPointer(types.int64)), ("stride", types.int64)])


register_model(FlatType)(_Pointer)
register_model(WordsType)(_Pointer)


@cache
def flat_type(cls: type[Flat]) -> FlatType:
    """Return the one numba type of a flat class."""
    return FlatType(cls)


_INTS, _FLOATS = WordsType(types.int64), WordsType(types.float64)


def _type_of(field: flat.Field, owner: FlatType) -> types.Type:
    simple = {Kind.INT: types.int64, Kind.FLOAT: types.float64, Kind.WINDOW: _FLOATS, Kind.INTS: _INTS,
              Kind.EXTERNAL: _INTS, Kind.COLUMN: types.int64}  # fmt: skip
    if field.kind in simple:
        return simple[field.kind]
    if field.kind is Kind.READING:
        return _FLOATS if getattr(owner.cls, "panel", False) else types.float64
    row = flat_type(field.of)  # type: ignore[arg-type]
    return TableType(row) if field.kind is Kind.TABLE else row


@infer_getattr
class _Attributes(templates.AttributeTemplate):
    key = FlatType

    def generic_resolve(self, value: FlatType, attr: str) -> types.Type | None:
        field = value.cls.fields.get(attr)
        if field is not None:
            return _type_of(field, value)
        method = flat.methods(value.cls).get(attr)
        return None if method is None else types.BoundFunction(_method_template(attr), value)


@cache
def _method_template(attr: str) -> type[templates.AbstractTemplate]:
    class Method(templates.AbstractTemplate):
        key = ("flat method", attr)

        def generic(self, args: tuple[types.Type, ...], kws: dict[str, types.Type]) -> Any:
            this: Any = self.this  # type: ignore[attr-defined]
            target = types.Dispatcher(compiled(flat.methods(this.cls)[attr]))
            found = target.get_call_type(self.context, (this, *args), kws)
            return found.as_method()

    @lower_builtin(Method.key, FlatType, types.VarArg(types.Any))
    def call(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        target = types.Dispatcher(compiled(flat.methods(sig.args[0].cls)[attr]))
        function = context.get_function(target, sig)
        result = function(builder, args)
        context.add_linking_libs(getattr(function, "libs", ()))
        return imputils.impl_ret_new_ref(context, builder, sig.return_type, result)

    return Method


@lower_getattr_generic(FlatType)
def _get(context: Any, builder: Any, typ: FlatType, value: Any, attr: str) -> Any:
    field = typ.cls.fields[attr]
    if field.kind is Kind.COLUMN:
        base = _external(builder, value, typ.offsets[field.source], field.source)
        at = _load(builder, value, typ.offsets["at"], "at")
        return _tagged(builder, builder.load(builder.gep(base, [at])), "ints")
    if field.kind is Kind.READING:
        return _reading(builder, typ, value, attr)
    where = typ.offsets[attr]
    if field.kind is Kind.INT:
        return _load(builder, value, where, attr)
    if field.kind is Kind.FLOAT:
        return _tagged(
            builder, builder.load(_as_floats(builder, builder.gep(value, [ir.Constant(_WORD, where)]))), attr
        )
    if field.kind is Kind.EXTERNAL:
        return _external(builder, value, where, attr)
    target = builder.gep(value, [_fixed(builder, value, where)])
    if field.kind is not Kind.TABLE:
        return target
    made = cgutils.create_struct_proxy(_type_of(field, typ))(context, builder)
    made.first, made.stride = target, _fixed(builder, value, where + 1)
    return made._getvalue()


def _reading(builder: Any, typ: FlatType, value: Any, attr: str) -> Any:
    """``self.name`` of an indicator: the block's column for it, at the cursor (see ``strategy``)."""
    column = dict(zip(typ.cls.readings, typ.cls.columns, strict=True))[attr]  # type: ignore[attr-defined]
    here = builder.gep(value, [_load(builder, value, typ.offsets["_cursor"], "_cursor")])
    target = builder.gep(here, [_fixed(builder, value, typ.offsets[column])])
    if typ.cls.panel:  # type: ignore[attr-defined]
        return target
    return _tagged(builder, builder.load(_as_floats(builder, target)), "floats")


@lower_setattr_generic(FlatType)
def _set(context: Any, builder: Any, sig: Any, args: Any, attr: str) -> None:  # noqa: ARG001
    typ, (target, value) = sig.args[0], args
    field = typ.cls.fields[attr]
    if field.kind not in (Kind.INT, Kind.FLOAT):
        raise TypeError(f"{attr} of {typ.cls.__name__} cannot be assigned: it is a {field.kind.value}")
    place = builder.gep(target, [ir.Constant(_WORD, typ.offsets[attr])])
    _tagged(builder, builder.store(value, _as_floats(builder, place) if field.kind is Kind.FLOAT else place), attr)


def _tagged(builder: Any, instruction: Any, name: str) -> Any:
    """Tell LLVM what an access cannot alias with: fields of other names, and windows (type-based alias analysis).

    Without this, every store could change every field, and nothing would stay in a register from slice to slice.
    """
    module = builder.module
    root = module.add_metadata(["zeno"])
    kind = module.add_metadata([name, root, ir.Constant(_WORD, 0)])
    instruction.set_metadata("tbaa", module.add_metadata([kind, kind, ir.Constant(_WORD, 0)]))
    return instruction


def _load(builder: Any, pointer: Any, where: int, name: str) -> Any:
    return _tagged(builder, builder.load(builder.gep(pointer, [ir.Constant(_WORD, where)])), name)


def _fixed(builder: Any, pointer: Any, where: int) -> Any:
    """Load a word that never changes while a kernel runs: where a window, part or table lies."""
    loaded = _load(builder, pointer, where, "fixed")
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _external(builder: Any, pointer: Any, where: int, name: str) -> Any:
    return builder.inttoptr(_load(builder, pointer, where, name), _WORD.as_pointer())


def _as_floats(builder: Any, pointer: Any) -> Any:
    """Read and write floats as floats: LLVM keeps a place in a register only if all its accesses are of one type."""
    return builder.bitcast(pointer, ir.DoubleType().as_pointer())


@templates.infer_global(operator.getitem)  # type: ignore[misc]
class _GetItem(templates.AbstractTemplate):
    def generic(self, args: tuple[types.Type, ...], kws: Any) -> Any:  # noqa: ARG002
        if len(args) == 2 and isinstance(args[1], types.Integer):
            if isinstance(args[0], WordsType):
                return templates.signature(args[0].element, args[0], types.int64)
            if isinstance(args[0], TableType):
                return templates.signature(args[0].row, args[0], types.int64)
        return None


@templates.infer_global(operator.setitem)  # type: ignore[misc]
class _SetItem(templates.AbstractTemplate):
    def generic(self, args: tuple[types.Type, ...], kws: Any) -> Any:  # noqa: ARG002
        if len(args) == 3 and isinstance(args[0], WordsType) and isinstance(args[1], types.Integer):
            return templates.signature(types.none, args[0], types.int64, args[0].element)
        return None


def _element(words: WordsType) -> str:
    return "floats" if words.element == types.float64 else "ints"


def _place(builder: Any, words: WordsType, args: Any) -> Any:
    place = builder.gep(args[0], [args[1]])
    return _as_floats(builder, place) if words.element == types.float64 else place


@lower_builtin(operator.getitem, WordsType, types.int64)
def _word_at(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
    return _tagged(builder, builder.load(_place(builder, sig.args[0], args)), _element(sig.args[0]))


@lower_builtin(operator.setitem, WordsType, types.int64, types.Any)
def _set_word(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    _tagged(builder, builder.store(args[2], _place(builder, sig.args[0], args)), _element(sig.args[0]))
    return context.get_dummy_value()


@lower_builtin(operator.getitem, TableType, types.int64)
def _row_at(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    made = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
    return builder.gep(made.first, [builder.mul(made.stride, args[1])])


def object_in(cls: type[Flat]) -> Callable[..., Any]:
    """Return a compiled function ``(words, at) -> object`` of ``cls``: where every kernel begins.

    ``words`` is the address of a block, which whoever calls keeps alive: an integer costs less to pass than an array.
    """
    target = flat_type(cls)

    @intrinsic
    def view(typingctx: Any, words: Any, at: Any) -> Any:  # noqa: ARG001
        def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
            return builder.gep(builder.inttoptr(args[0], _WORD.as_pointer()), [args[1]])

        return target(types.int64, types.int64), build

    return view


@intrinsic
def distance(typingctx: Any, origin: Any, target: Any) -> Any:  # noqa: ARG001
    """Return the words from one flat object or window to another."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        start, end = (builder.ptrtoint(one, _WORD) for one in args)
        return builder.sdiv(builder.sub(end, start), ir.Constant(_WORD, 8))

    return types.int64(origin, target), build


@intrinsic
def address(typingctx: Any, array: Any) -> Any:  # noqa: ARG001
    """Return an array's address as an integer."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(context.make_array(sig.args[0])(context, builder, args[0]).data, _WORD)

    return types.int64(array), build


@intrinsic
def point(typingctx: Any, thing: Any, where: Any, value: Any) -> Any:  # noqa: ARG001
    """Store a word of a flat object by its number: externals and cursors are set so, by kernels alone."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:  # noqa: ARG001
        builder.store(args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(thing, types.int64, types.int64), build


_SMALL = 400  # bytes of bytecode: larger functions are called, not inlined; the step is a third faster for it


@intrinsic
def _move_up(typingctx: Any, rows: Any, place: Any, count: Any, by: Any) -> Any:  # noqa: ARG001
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        table = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
        target = builder.gep(table.first, [builder.mul(table.stride, args[1])])
        words = builder.mul(table.stride, args[2])
        source = builder.gep(target, [builder.mul(table.stride, args[3])])
        cgutils.raw_memmove(builder, target, source, words, 8, 8)
        return context.get_dummy_value()

    return types.void(rows, types.int64, types.int64, types.int64), build


_compiled: dict[Callable[..., Any], Any] = {}


def compiled(function: Callable[..., Any]) -> Any:
    """Return the compiled form of a plain function, for other compiled functions to call, with its plain helpers'.

    The function itself is untouched: the interpreter goes on using it. Helpers are module-level functions of the same
    project; anything else that it names must be something numba knows. Python itself cannot call what is returned:
    it has no machine code of its own, only the entry points that call it have (``core/linked.py``).
    """
    if function not in _compiled:
        globals_ = dict(function.__globals__)
        for name in names_in(function.__code__):
            if isinstance(globals_.get(name), python_types.FunctionType):
                globals_[name] = compiled(globals_[name])
        twin = python_types.FunctionType(
            function.__code__, globals_, function.__name__, function.__defaults__, function.__closure__
        )
        twin.__kwdefaults__ = function.__kwdefaults__
        small = len(function.__code__.co_code) < _SMALL
        _compiled[function] = njit(  # type: ignore[call-overload]
            forceinline=small, no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=Linked
        )(twin)
    return _compiled[function]


def replace(function: Callable[..., Any], by: Any) -> None:
    """Compile ``by`` wherever a compiled function calls ``function``: for the few that cannot be the same source."""
    _compiled[function] = by


@njit(nogil=True)
def _moved_up(rows, place, count, by):
    _move_up(rows, place, count, by)  # type: ignore[call-arg]


replace(flat.move_up, _moved_up)


def names_in(code: python_types.CodeType) -> set[str]:
    """Return the global names and attributes that a function's code uses."""
    nested = [one for one in code.co_consts if isinstance(one, python_types.CodeType)]
    return set(code.co_names).union(*(names_in(one) for one in nested))
