# SPDX-License-Identifier: Apache-2.0
"""The exceptions of this package: one class for each status of the library.

Each is also a built-in exception of the same kind, so ``except ValueError`` works. Their text is
the library's sentence, which names the argument, its value, and what is allowed."""

from __future__ import annotations


class Error(Exception):
    """Base of all exceptions that the library raises."""


class InvalidArgument(Error, ValueError):
    """An argument is inconsistent with others, misaligned, overlapping or of the wrong kind."""


class UnknownName(Error, KeyError):
    """Nothing has this name. The sentence lists the nearest names."""

    def __str__(self) -> str:  # KeyError would show the sentence in quotes
        return str(self.args[0]) if self.args else ""


class OutOfRange(Error, ValueError):
    """A number is outside its bounds."""


class IndexOutOfRange(OutOfRange, IndexError):
    """An index is past the end."""


class Unsupported(Error, NotImplementedError):
    """Valid, but this machine, build or object does not have it."""


class OutOfMemory(Error, MemoryError):
    """The system refused memory or a thread."""


class InternalError(Error, RuntimeError):
    """A defect of the library: please report the sentence."""


class Busy(Error, RuntimeError):
    """The call would wait for ever."""


class WrongOrder(Error, RuntimeError):
    """Another call has to come first."""


class FileError(Error, OSError):
    """A file or stream cannot be read or written, or the disk is full."""


class CorruptCheckpoint(Error, ValueError):
    """The checkpoint is truncated, damaged, or none."""


class CheckpointMismatch(Error, ValueError):
    """The checkpoint was saved from another model."""


EXCEPTIONS: dict[str, type[Error]] = {
    "GRADSTEP_INVALID_ARGUMENT": InvalidArgument,
    "GRADSTEP_UNKNOWN_NAME": UnknownName,
    "GRADSTEP_OUT_OF_RANGE": OutOfRange,
    "GRADSTEP_UNSUPPORTED": Unsupported,
    "GRADSTEP_OUT_OF_MEMORY": OutOfMemory,
    "GRADSTEP_INTERNAL": InternalError,
    "GRADSTEP_BUSY": Busy,
    "GRADSTEP_WRONG_ORDER": WrongOrder,
    "GRADSTEP_IO_ERROR": FileError,
    "GRADSTEP_CORRUPT": CorruptCheckpoint,
    "GRADSTEP_MISMATCH": CheckpointMismatch,
}
