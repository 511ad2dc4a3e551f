"""How functions are compiled that only compiled functions call: as material for their callers' machine code.

numba makes machine code of every compiled function, and optimises it anew within each function that calls it. The
engine is a hundred small functions below a handful of entry points, all inlined or linked into these: code of their
own is thrown away, and was more than half of what compiling a strategy cost. Here such a function ends as the
intermediate code that it was lowered to; it is optimised once, with everything else, in the entry point.

numba documents a pipeline of one's own (``pipeline_class``), but not the library that holds a function's code: this
module knows more of its inside than the rest of the engine may. That is why numba's version is pinned to a minor one.
"""

from typing import Any

from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, _LowerResult
from numba.core.compiler_machinery import LoweringPass, PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class LinkedCode(JITCodeLibrary):
    """The code of one function, for others to link in; never optimised or emitted on its own."""

    def _optimize_final_module(self) -> None:
        """Leave it to the caller's."""

    def _finalize_final_module(self) -> None:
        """Be ready to be linked, unknown to the execution engine, which would emit it."""
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=False, analysis_only=False)
class _LowerForLinking(LoweringPass):
    """numba's own lowering, into a library of ours; then what numba does for functions that others call."""

    _name = "lower_for_linking"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:  # type: ignore[override]
        library = LinkedCode(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library = library
        state.flags = state.flags.copy()
        state.flags.no_compile = True
        NativeLowering().run_pass(state)
        library.finalize()
        lowered = state.cr
        one = lowered.fndesc
        entry = _dynfunc.make_function(
            one.lookup_module(), one.qualname, "To be linked in.", 0, lowered.env, (library,)
        )
        state.targetctx.insert_user_function(entry, one, [library])
        state.reload_init.extend(library._reload_init)
        state.cr = _LowerResult(one, lowered.call_helper, cfunc=entry, env=lowered.env)
        return True


class Linked(CompilerBase):
    """The pipeline for functions without a Python entry: ``njit(pipeline_class=Linked, no_cpython_wrapper=True)``."""

    def define_pipelines(self) -> list[PassManager]:
        """Return numba's pipeline with our lowering in the place of its own."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        ours = PassManager("linked")
        for one, described in usual.passes:
            ours.add_pass(_LowerForLinking if one is NativeLowering else one, described)
        ours.finalize()
        return [ours]
