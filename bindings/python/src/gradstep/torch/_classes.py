# SPDX-License-Identifier: Apache-2.0
"""A class for every rule of the library. A rule that torch.optim has becomes a subclass of torch's
class, which brings constructor, checks, messages and defaults. Any other rule gets a constructor
from the library's description of its hyper-parameters."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from .._catalogue import RuleInfo, rule_info, rules
from ._optimizer import Optimizer, transform_method
from ._options import OPTION_NAMES, OPTIONS_HELP, Options
from ._rules import group_keys

_TORCH_CLASSES = {
    name.lower(): found
    for name, found in vars(torch.optim).items()
    if inspect.isclass(found) and issubclass(found, torch.optim.Optimizer)
}

# Rules whose papers spell them otherwise than CamelCase would. Every other rule needs no entry.
_SPELLINGS = {"lamb": "LAMB"}


def class_name(rule_name: str) -> str:
    """torch's spelling, where torch has the rule: "adamw" is "AdamW". Otherwise CamelCase, in which
    the parts that torch has keep torch's spelling: ScheduleFreeAdamW."""
    if rule_name in _SPELLINGS:
        return _SPELLINGS[rule_name]
    found = _TORCH_CLASSES.get(rule_name.replace("_", ""))
    if found is not None:
        return found.__name__
    parts = [
        _TORCH_CLASSES[part].__name__ if part in _TORCH_CLASSES else part.capitalize()
        for part in rule_name.split("_")
    ]
    return "".join(parts)


_SHARED_HELP = """The rule sums over all params. In a ZeroRedundancyOptimizer, each process has some
of them and would sum over these alone. DTensors are refused."""


def _docstring(found: RuleInfo, base: str) -> str:
    lines = [f"{found.summary[:1].upper()}{found.summary[1:]}.", "", base, ""]
    for each in found.hyperparameters:
        lines.append(f"    {each.name}\n        {each.help} (default: {each.default or 0:g})")
    if found.shared_scalars:
        lines += ["", _SHARED_HELP]
    lines += [
        "",
        "Beyond torch.optim (keywords only):",
        OPTIONS_HELP.strip("\n"),
        "",
        "The formula:",
        "",
    ]
    lines += [f"    {line}" for line in found.formula.splitlines()]
    lines += ["", f"Source: {found.source}."]
    return "\n".join(lines)


def _split(keywords: dict[str, Any]) -> tuple[dict[str, Any], Options]:
    """torch's keywords, and the options beyond."""
    options = Options(**{name: keywords[name] for name in OPTION_NAMES if name in keywords})
    return {name: value for name, value in keywords.items() if name not in OPTION_NAMES}, options


def _with_options(signature: inspect.Signature) -> inspect.Signature:
    kept = list(signature.parameters.values())
    known = inspect.signature(Options).parameters
    kept += [known[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in OPTION_NAMES]
    return signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)


def _refuse_differentiable(optimizer: Optimizer) -> None:
    for group in optimizer.param_groups:
        if group.get("differentiable"):
            raise RuntimeError(
                "differentiable=True is not supported: gradstep's step is outside of autograd"
            )


def _of_torch(found: RuleInfo, base: Any) -> type[Optimizer]:
    """A subclass of torch's class. Its constructor takes `fused` too where torch's does not: every
    class here is fused."""
    signature = inspect.signature(base.__init__)

    def __init__(self: Any, params: Any, *arguments: Any, **keywords: Any) -> None:
        keywords, options = _split(keywords)
        self._set_options(options)
        base.__init__(self, params, *arguments, **keywords)
        _refuse_differentiable(self)
        self._check_groups()

    __init__.__signature__ = _with_options(signature)  # type: ignore[attr-defined]
    kind = type(
        base.__name__, (Optimizer, base), {"__init__": __init__, "scalar_dtype": torch.float32}
    )
    kind.__doc__ = _docstring(
        found, f"Takes the place of torch.optim.{base.__name__}, whose arguments it has."
    )
    return kind


def _defaults(found: RuleInfo) -> dict[str, Any]:
    """The defaults of a group, under torch's names: betas, and flags as bool."""
    defaults: dict[str, Any] = {}
    places = group_keys(found)
    for each in found.hyperparameters:
        key, index = places[each.name]
        value = each.default
        if index is None:
            defaults[key] = value
        else:
            defaults[key] = (*defaults.get(key, ()), value)
    return defaults


def _of_description(found: RuleInfo) -> type[Optimizer]:
    defaults = _defaults(found)

    def __init__(self: Any, params: Any, lr: Any = defaults["lr"], **keywords: Any) -> None:
        keywords, options = _split(keywords)
        unknown = [name for name in keywords if name not in defaults]
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no option {unknown[0]!r}; it has "
                + ", ".join((*defaults, *OPTION_NAMES))
            )
        if isinstance(lr, torch.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        self._set_options(options)
        torch.optim.Optimizer.__init__(self, params, {**defaults, **keywords, "lr": lr})
        self._check_groups()

    first = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ("self", "params")
    ]
    first.append(
        inspect.Parameter("lr", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=defaults["lr"])
    )
    rest = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in defaults.items()
        if name != "lr"
    ]
    __init__.__signature__ = _with_options(inspect.Signature(first + rest))  # type: ignore[attr-defined]

    def __setstate__(self: Any, state: dict[str, Any]) -> None:
        # A state of an older version may lack options that it did not have. They are off.
        for group in state.get("param_groups", ()):
            for name, value in defaults.items():
                if not value:
                    group.setdefault(name, value)
        Optimizer.__setstate__(self, state)

    kind = type(
        class_name(found.name), (Optimizer,), {"__init__": __init__, "__setstate__": __setstate__}
    )
    kind.__doc__ = _docstring(
        found, f"The library's rule {found.name!r}; torch.optim does not have it. Keywords:"
    )
    return kind


def make_class(rule_name: str) -> type[Optimizer]:
    """The optimizer class of a rule."""
    found = rule_info(rule_name)
    base = _TORCH_CLASSES.get(rule_name.replace("_", ""))
    kind = _of_torch(found, base) if base is not None else _of_description(found)
    kind.rule_name = rule_name
    kind.__module__ = "gradstep.torch"
    kind.__qualname__ = kind.__name__
    for name in found.transforms:
        text = f'Makes the rule\'s transform "{name}" for all params that have a state.'
        setattr(kind, name, transform_method(name, text))
    if "evaluate" in found.transforms:  # nn.Module's name
        kind.eval = kind.evaluate  # type: ignore[attr-defined]
    return kind


def make_classes() -> dict[str, type[Optimizer]]:
    """All classes by their names."""
    return {kind.__name__: kind for kind in map(make_class, rules())}


__all__ = ["class_name", "make_classes"]
