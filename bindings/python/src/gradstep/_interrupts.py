# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C. Python raises KeyboardInterrupt as soon as a native call returns, so before the caller
has taken note of what the call has done. Where both belong together, Ctrl-C has to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any


class _Note:
    """The handler of SIGINT meanwhile: remembers that the signal came."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        self.handler = handler  # the one before
        self.came: tuple[Any, ...] | None = None

    def __call__(self, *details: Any) -> None:
        self.came = details


class InterruptsHeld:
    """``with InterruptsHeld():`` Ctrl-C within the block is raised at its end.

    Python calls handlers of signals in the main thread only, so the block changes nothing in other
    threads. Blocks may be nested: Ctrl-C is raised at the end of the outermost."""

    __slots__ = ("_is_outermost", "_note")

    def __enter__(self) -> InterruptsHeld:
        self._note: _Note | None = None
        self._is_outermost = False
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if isinstance(handler, _Note):
                self._note = handler
            elif callable(handler):
                self._note, self._is_outermost = _Note(handler), True
                signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        note = self._note
        if note is not None and self._is_outermost:
            signal.signal(signal.SIGINT, note.handler)
            if note.came is not None:
                note.handler(*note.came)

    def let(self) -> None:
        """Until `hold`, Ctrl-C is raised at once: for a caller's function within the block."""
        if self._note is not None:
            signal.signal(signal.SIGINT, self._note.handler)

    def hold(self) -> None:
        """Holds Ctrl-C again after `let`."""
        if self._note is not None:
            signal.signal(signal.SIGINT, self._note)


class Lock:
    """A lock that one thread may take several times. While it is held, Ctrl-C waits too."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: list[InterruptsHeld] = []

    def __enter__(self) -> None:
        held = InterruptsHeld()
        held.__enter__()
        self._lock.acquire()
        self._held.append(held)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        held = self._held.pop()
        self._lock.release()
        held.__exit__(kind, error, trace)
