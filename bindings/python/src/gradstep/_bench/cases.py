# SPDX-License-Identifier: Apache-2.0
"""What is measured: the cases of the benchmark."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

LIMIT_BYTES = (1 << 22, 1 << 30)  # the least and the most
Shapes = list[tuple[int, ...]]
MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """One comparison.

    layout
        The shapes in a word, as the result file has it.
    minimum
        Bytes per element that any program has to read and write for this step.
    held
        Bytes per element of the arrays of one contender.
    torch_ways
        Which of torch's implementations take part.
    tolerance
        By how much params may differ from torch's after the first step.
    is_complete
        The step also unscales, checks and clips the gradients, copies and averages the params, and
        zeroes the gradients.
    is_overhead
        The arrays are tiny: the time is that of Python."""

    key: str
    title: str
    rule: str
    layout: str
    shapes: Shapes
    minimum: int
    held: int
    torch_ways: tuple[str, ...]
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1e-6
    is_complete: bool = False
    is_overhead: bool = False

    @property
    def elements(self) -> int:
        """Of all tensors together."""
        return sum(map(math.prod, self.shapes))

    @property
    def minimum_bytes(self) -> int:
        """Bytes that a step has to read and write."""
        return self.minimum * self.elements

    @property
    def variant(self) -> str:
        """What the step does besides the rule, as the result file has it."""
        return "complete" if self.is_complete else ""

    @property
    def dtypes(self) -> dict[str, str]:
        """As the result file has them."""
        plain = {"param": "float32", "grad": "float32", "slots": "float32"}
        return {**plain, "copy": "bfloat16"} if self.is_complete else plain

    @property
    def limit_bytes(self) -> int:
        """Of the arrays that the limit is measured with: as large as the step's."""
        least, most = LIMIT_BYTES
        return min(max((self.held + 4) * self.elements, least), most)

    @property
    def memory(self) -> int:
        """About as many bytes as the case takes: the contenders' arrays, the gradients from which
        theirs are set, temporary ones of torch's foreach, and those that the limit is measured
        with."""
        contenders = len(self.torch_ways) + 1
        return self.elements * (self.held * contenders + 12) + self.limit_bytes


def small_shapes(count: int) -> Shapes:
    """Vectors of 1000 to 4000 elements, the same at every run."""
    numbers = random.Random(1)
    return [(numbers.randint(1000, 4000),) for _ in range(count)]


def gpt2_shapes(width: int) -> Shapes:
    """The 148 params of GPT-2 with 12 layers; its own width is 768, which makes 124M elements."""
    layer: Shapes = [
        *[(width,)] * 2,
        *[(width, 3 * width), (3 * width,)],
        *[(width, width), (width,)],
        *[(width,)] * 2,
        *[(width, 4 * width), (4 * width,)],
        *[(4 * width, width), (width,)],
    ]
    return [(50257, width), (1024, width), *(layer * 12), (width,), (width,)]


def number_text(count: int) -> str:
    """124439808 as "124.4 million"."""
    if count >= 10**6:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e3:.1f} thousand" if count >= 10**4 else str(count)


def make_cases(quick: bool) -> list[Case]:
    """All cases; the quick ones have fewer elements."""
    small = small_shapes(1000)
    gpt2_layout, gpt2 = ("gpt2-narrow", gpt2_shapes(48)) if quick else ("gpt2", gpt2_shapes(768))
    millions = 1 if quick else 64
    flat_layout = f"{millions}M"
    flat: Shapes = [(millions * MIB,)]
    side = 1024 if quick else 8192
    parts_layout, part = ("16-of-128K", MIB // 8) if quick else ("16-of-4M", 4 * MIB)
    parts: Shapes = [(part,)] * 16
    tiny: Shapes = [(16,)] * 148
    every = ("fused", "foreach", "default")
    adam = {"lr": 1e-3}

    def of(shapes: Shapes) -> str:
        total = number_text(sum(map(math.prod, shapes)))
        if len(shapes) == 1:
            return f"one tensor of {total} elements"
        return f"{len(shapes)} tensors, {total} elements"

    def adamw(key: str, title: str, layout: str, shapes: Shapes, **more: Any) -> Case:
        return Case(key, title, "adamw", layout, shapes, 28, 12, every, options=adam, **more)

    def one_tensor(key: str, name: str, minimum: int, held: int) -> Case:
        title = f"{name}, {of(flat)}"
        return Case(key, title, key, flat_layout, flat, minimum, held, ("foreach",))

    narrowed = " narrowed" if quick else ""
    return [
        adamw("one-tensor", f"AdamW, {of(flat)}", flat_layout, flat),
        adamw("small-tensors", f"AdamW, {of(small)}", "1000-small", small),
        adamw("gpt2", f"AdamW, the tensors of GPT-2{narrowed}: {of(gpt2)}", gpt2_layout, gpt2),
        one_tensor("rmsprop", "RMSprop", 20, 8),
        one_tensor("adadelta", "Adadelta", 28, 12),
        one_tensor("nadam", "NAdam", 28, 12),
        Case(
            "adafactor",
            f"Adafactor, a matrix of {side} x {side}",
            "adafactor",
            f"{side}x{side}",
            [(side, side)],
            24,
            4,
            ("foreach",),
            "Three passes: sums over rows and columns, the norm of the update, the update.",
            # torch's norm of 67 million float32 numbers is 0.6 % too small with one thread.
            tolerance=2e-5,
        ),
        Case(
            "complete",
            f"A complete step with AdamW, {of(parts)}",
            "adamw",
            parts_layout,
            parts,
            46,
            22,
            ("fused, separate passes",),
            "Unscale the gradients, check that they are finite, clip them by norm, update, copy to "
            "bfloat16,\naverage the params, zero the gradients. torch makes one pass for each.",
            options=adam,
            is_complete=True,
        ),
        adamw(
            "overhead",
            f"AdamW, {of(tiny)}: the time is that of Python",
            "148-tiny",
            tiny,
            is_overhead=True,
        ),
    ]
