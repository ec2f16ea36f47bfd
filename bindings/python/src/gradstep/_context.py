# SPDX-License-Identifier: Apache-2.0
"""Contexts: which threads run a step, and with which instruction set."""

from __future__ import annotations

import ctypes
import os
import threading
from dataclasses import dataclass
from typing import Any

from ._handles import Handle, whole_number
from ._library import CONSTANTS, described, library, struct, text

_lock = threading.Lock()


@dataclass(frozen=True)
class ContextInfo:
    """What a context uses: see `Context.info`."""

    isa: str
    thread_count: int
    serial_below: int
    piece_size: int
    threading: str


class _CContext(Handle):
    """A gradstep_context. One that was inherited by fork has no threads: it is left as it is."""

    __slots__ = ()
    outlives_fork = False
    destroy = staticmethod(library.gradstep_context_destroy)


def isa_names(available: bool = False) -> list[str]:
    """The instruction sets of this build, from the lowest to the highest; with ``available``,
    those that this CPU can run."""
    return [
        text(library.gradstep_isa_name(index))
        for index in range(library.gradstep_isa_count())
        if not available or library.gradstep_isa_is_available(index)
    ]


class Context:
    """The threads that share a step, and the instruction set that they use.

    threads
        The largest number of threads, 1 to 1024, the caller's included. None: ``GRADSTEP_THREADS``
        or, if that is not set, the number of CPUs that this process may use.
    isa
        A name of `isa_names`. None: ``GRADSTEP_ISA`` or the highest that the CPU has.
    pin_threads
        Each worker is bound to a CPU.
    flush_to_zero
        Steps treat denormals as zero.
    serial_below
        Steps with fewer elements run on the calling thread alone. None: a measured value.

    A context is immutable; any threads may use it at the same time. It survives fork: a child
    process makes threads of its own. Copies and pickles describe the same settings.

    Raises `UnknownName`, `Unsupported`, `OutOfRange`, `InvalidArgument`, `OutOfMemory`."""

    def __init__(
        self,
        threads: int | None = None,
        *,
        isa: str | None = None,
        pin_threads: bool = False,
        flush_to_zero: bool = False,
        serial_below: int | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "threads": None if threads is None else whole_number(threads, "threads", 1),
            "isa": isa,
            "pin_threads": bool(pin_threads),
            "flush_to_zero": bool(flush_to_zero),
            "serial_below": (
                None if serial_below is None else whole_number(serial_below, "serial_below")
            ),
        }
        if isa is not None and not isinstance(isa, str):
            raise TypeError(f"isa is {isa!r}; it is a name such as {isa_names()[0]!r}")
        self._pid = 0
        self._handle: Handle | None = None
        self.handle  # noqa: B018 (made now, so that wrong settings are refused here)

    @property
    def handle(self) -> Handle:
        """This process's gradstep_context, for calls of the C interface."""
        if self._pid != os.getpid():
            with _lock:
                if self._pid != os.getpid():
                    # A context that was inherited by fork has no threads: it is left as it is.
                    self._handle = self._create()
                    self._pid = os.getpid()
        assert self._handle is not None
        return self._handle

    def _create(self) -> Handle:
        settings = self._settings
        options = struct("context_options")
        if settings["threads"] is not None:
            options.thread_count = settings["threads"]
        if settings["isa"] is not None:
            options.isa = settings["isa"].encode()
        if settings["pin_threads"]:
            options.flags |= CONSTANTS["CONTEXT_PIN_THREADS"]
        if settings["flush_to_zero"]:
            options.flags |= CONSTANTS["CONTEXT_FLUSH_TO_ZERO"]
        if settings["serial_below"] is not None:
            options.flags |= CONSTANTS["CONTEXT_SERIAL_BELOW"]
            options.serial_below = settings["serial_below"]
        return _CContext("context_create", ctypes.addressof(options))

    @property
    def info(self) -> ContextInfo:
        """The instruction set and threads in use."""
        info = described("context_describe", "context_info", self.handle)
        return ContextInfo(
            text(info.isa),
            info.thread_count,
            info.serial_below,
            info.piece_size,
            text(info.threading),
        )

    def __reduce__(self) -> Any:
        return _from_settings, (self._settings,)

    def __copy__(self) -> Context:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Context:
        return self

    def __repr__(self) -> str:
        info = self.info
        return f"<gradstep.Context: {info.thread_count} threads, {info.isa}>"


def _from_settings(settings: dict[str, Any]) -> Context:
    return Context(**settings)


_shared: dict[int | None, Context] = {}


def shared_context(threads: int | None = None) -> Context:
    """The process's context with this number of threads. Everything that is given no context of its
    own uses it, so the process has one set of threads."""
    found = _shared.get(threads)
    return found if found is not None else _shared.setdefault(threads, Context(threads))


def _renew_lock() -> None:
    """Another thread of the parent may have held the lock when this process was forked."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
