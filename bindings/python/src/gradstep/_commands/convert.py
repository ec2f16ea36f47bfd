# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep convert``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from .._errors import Error
from ._failure import CommandError
from ._machine import needed

NAME = "convert"
HELP = "convert an optimizer's state between torch's files and gradstep's"
DESCRIPTION = """Converts the state of an optimizer: a file that torch.save wrote becomes a
safetensors file that every language's gradstep reads, and such a file becomes one that torch.load
reads. The contents of IN decide the direction. A torch file is read with weights_only=True, so it
cannot run code."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("source", metavar="IN", type=Path, help="the file to read")
    parser.add_argument("target", metavar="OUT", type=Path, help="the file to write")
    parser.add_argument(
        "--key",
        help="the entry of a torch file that holds the optimizer's state_dict, if it holds other "
        "things too: mostly optimizer",
    )
    parser.add_argument(
        "--optimizer",
        metavar="CLASS",
        help="the class that a torch file's state is of, such as AdamW; needed only if the options "
        "of its groups do not tell",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as a safetensors file does: with the size of a JSON object. Raises
    CommandError if it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
    size = path.stat().st_size
    return start[8:] == b"{" and 8 + int.from_bytes(start[:8], "little") <= size


def _state_dict_in(torch: Any, path: Path, key: str | None) -> dict[str, Any]:
    """The optimizer's state_dict that a torch file holds, alone or under a key."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its parsers raise
        sentence = (str(error).splitlines() or [type(error).__name__])[0]
        raise CommandError(
            f"{path} is neither a safetensors file nor one that torch.load reads with "
            f"weights_only=True: {sentence}"
        ) from error
    names = sorted(map(str, found)) if isinstance(found, dict) else []
    if key is not None:
        if key not in names:
            raise CommandError(f"{path} has no entry {key!r}; it has {', '.join(names) or 'none'}")
        found = found[key]
    if not isinstance(found, dict) or not {"state", "param_groups"} <= set(found):
        hint = (
            "" if key is not None or not names else f"; give one of its entries by --key: {names}"
        )
        raise CommandError(f"{path} holds no optimizer's state_dict{hint}")
    return found


def _save(torch: Any, state_dict: dict[str, Any], path: Path) -> None:
    """Writes a torch file as a whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        torch.save(state_dict, part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def run(options: argparse.Namespace) -> None:
    """Writes OUT."""
    source, target = options.source, options.target
    from_safetensors = is_safetensors(source)
    if target.exists() and not options.force:
        raise CommandError(f"{target} exists already: --force replaces it")
    for name in ("key", "optimizer"):
        if from_safetensors and getattr(options, name) is not None:
            raise CommandError(f"--{name} is for torch files; {source} is a safetensors file")
    if not target.absolute().parent.is_dir():
        raise CommandError(f"{target} cannot be written: {target.absolute().parent} is no folder")
    torch = needed("torch", "convert")
    from ..torch._checkpoints import state_dict_from_file, state_dict_to_file

    try:
        if from_safetensors:
            _save(torch, state_dict_from_file(source), target)
        else:
            state_dict = _state_dict_in(torch, source, options.key)
            state_dict_to_file(state_dict, target, options.optimizer)
    except (Error, OSError, ValueError, RuntimeError) as error:
        raise CommandError(str(error)) from error
    print(f"{target}: {target.stat().st_size} bytes")
