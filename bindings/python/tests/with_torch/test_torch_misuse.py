# SPDX-License-Identifier: Apache-2.0
"""Wrong options and lists of params are refused with a sentence, torch's own where torch has one. A
refused step changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch_support import (
    OWN,
    PEERS,
    assert_same_bits,
    make_steps,
    ours,
    params_of,
    run_program,
    snapshot,
    theirs,
)

import gradstep.torch
from gradstep import _errors as errors

WRONG_OPTIONS: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("AdamW", {"lr": -1.0}, ValueError, "Invalid learning rate: -1.0"),
    ("AdamW", {"betas": (1.0, 0.9)}, ValueError, "Invalid beta parameter at index 0: 1.0"),
    ("AdamW", {"weight_decay": -1}, ValueError, "Invalid weight_decay value: -1"),
    ("AdamW", {"eps": -1}, ValueError, "Invalid epsilon value: -1"),
    ("SGD", {"nesterov": True}, ValueError, "Nesterov momentum requires a momentum and zero"),
    ("AdamW", {"lr": torch.ones(2)}, ValueError, "Tensor lr must be 1-element"),
    ("LAMB", {"lr": torch.ones(2)}, ValueError, "Tensor lr must be 1-element"),
    ("AdamW", {"lr": float("nan")}, ValueError, "Invalid learning rate: nan"),
    ("AdamW", {"lr": float("inf")}, errors.OutOfRange, "lr = inf"),
    ("LAMB", {"lr": -1.0}, errors.OutOfRange, "lr = -1"),
    ("LAMB", {"betas": (0.9, 1.5)}, errors.OutOfRange, "beta2 = 1.5"),
    ("Prodigy", {"d0": 0.0}, errors.OutOfRange, "d0 = 0"),
    ("AdamW", {"learning_rate": 1.0}, TypeError, "unexpected keyword argument 'learning_rate'"),
    ("LAMB", {"momentum": 0.9}, TypeError, "LAMB has no option 'momentum'; it has lr, betas"),
    ("LAMB", {"lr": "fast"}, ValueError, "could not convert string"),
    ("AdamW", {"state_dtype": "int4"}, ValueError, "state_dtype is 'int4'; it is one of"),
    ("AdamW", {"state_dtype": []}, ValueError, "state_dtype is"),
    ("AdamW", {"state_dtype": torch.int8}, ValueError, "state_dtype is torch.int8"),
    ("AdamW", {"clip_norm": 0.0}, ValueError, "clip_norm is 0.0; it is None or above 0"),
    ("AdamW", {"clip_norm": float("nan")}, ValueError, "clip_norm is nan"),
    ("AdamW", {"clip_norm": "1,0"}, ValueError, "could not convert string"),
    ("AdamW", {"ema": 1.5}, ValueError, "ema is 1.5; it is None or a number from 0 to 1"),
    ("AdamW", {"ema": float("nan")}, ValueError, "ema is nan"),
    ("AdamW", {"seed": -1}, ValueError, "seed is -1; it is a whole number from 0 to"),
    ("AdamW", {"seed": 2**64}, ValueError, "it is a whole number from 0 to 2"),
    ("AdamW", {"seed": True}, ValueError, "seed is True"),
    ("AdamW", {"copy_to": torch.int8}, ValueError, "copy_to is torch.int8"),
    ("AdamW", {"copy_to": "half"}, ValueError, "copy_to is 'half'"),
    ("AdamW", {"split_bf16": True, "stochastic_rounding": True}, ValueError, "one of the two"),
    ("Adam", {"differentiable": True}, RuntimeError, "differentiable=True is not supported"),
]


@pytest.mark.parametrize(
    ("name", "options", "kind", "sentence"),
    WRONG_OPTIONS,
    ids=[f"{name}-{options}" for name, options, *_ in WRONG_OPTIONS],
)
def test_wrong_option(name: str, options: Any, kind: Any, sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        ours(name)(params_of(), **options)


@pytest.mark.parametrize("name", PEERS)
def test_wrong_options_have_torchs_sentences(name: str) -> None:
    for options in ({"lr": -0.5}, {"weight_decay": -0.5}):
        with pytest.raises(ValueError) as wanted:
            theirs(name)(params_of(), **options)
        with pytest.raises(ValueError) as got:
            ours(name)(params_of(), **options)
        assert str(got.value) == str(wanted.value)


@pytest.mark.parametrize("name", PEERS + OWN)
def test_lists_of_params_that_torch_refuses(name: str) -> None:
    kind = ours(name)
    param = params_of()[0]
    with pytest.raises(ValueError, match="empty parameter list"):
        kind([])
    with pytest.raises(TypeError, match="should be an iterable"):
        kind(param)
    with pytest.raises(TypeError, match="can only optimize Tensors"):
        kind([1.0])
    with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
        kind([param * 2])
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        kind([{"params": [param]}, {"params": [param]}])
    with pytest.warns(UserWarning, match="duplicate parameters"):
        kind([param, param])


@pytest.mark.parametrize("name", PEERS + OWN)
def test_param_twice_in_a_group(name: str) -> None:
    """torch warns of it, and steps the param twice. The library refuses to share a param."""
    param = params_of()[0]
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = ours(name)([param, param])
    param.grad = torch.ones_like(param)
    with pytest.raises(errors.InvalidArgument, match="no two entries of a list may share a param"):
        optimizer.step()


def test_group_with_a_wrong_option_is_not_added() -> None:
    params = params_of()
    optimizer = ours("LAMB")(params[:2])
    with pytest.raises(errors.OutOfRange, match="lr = -1"):
        optimizer.add_param_group({"params": params[2:], "lr": -1.0})
    assert len(optimizer.param_groups) == 1
    make_steps(optimizer, params, 1)
    assert params[2] not in optimizer.state


@pytest.mark.parametrize("key", ["lr", "weight_decay", "eps"])
def test_option_that_becomes_wrong_later(key: str) -> None:
    params = params_of()
    optimizer = ours("AdamW")(params)
    make_steps(optimizer, params, 1)
    before, kept = snapshot(params), optimizer.param_groups[0][key]
    for value in (float("nan"), float("inf"), -1.0):
        optimizer.param_groups[0][key] = value
        with pytest.raises(errors.OutOfRange, match=key):
            optimizer.step()
    assert_same_bits(params, before)
    optimizer.param_groups[0][key] = kept
    make_steps(optimizer, params, 1)
    assert not torch.equal(params[0], before[0])


def test_copy_of_an_optimizer_does_not_share_native_memory() -> None:
    """A shallow copy shares params and state, as torch's does; either may be dropped first."""
    run_program("""
        import copy, gc, torch
        from torch_support import ours, params_of, make_steps
        params = params_of()
        optimizer = ours("AdamW")(params)
        make_steps(optimizer, params, 2)
        other = copy.copy(optimizer)
        del optimizer
        gc.collect()
        make_steps(other, params, 2)
        assert other.state[params[0]]["step"] == 4
    """)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError):
        _ = gradstep.torch.AdamWW
    assert copy.copy(gradstep.torch.classes).keys() == gradstep.torch.classes.keys()
