# SPDX-License-Identifier: Apache-2.0
"""Params and gradients that cannot be stepped, or that changed since the last step: each is refused
with a sentence, or gives the right result. A refused step changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch_support import OWN, PEERS, assert_same_bits, make_steps, ours, params_of

from gradstep import _errors as errors
from gradstep.torch import SGD

PARAMS: list[tuple[str, Callable[[], torch.Tensor], str]] = [
    ("meta", lambda: torch.nn.Parameter(torch.ones(4, device="meta")), "device meta"),
    ("expanded", lambda: torch.nn.Parameter(torch.ones(1).expand(4)), "single memory location"),
    ("8 bits", lambda: torch.nn.Parameter(torch.ones(4).to(torch.float8_e4m3fn)), "float8_e4m3fn"),
]


@pytest.mark.parametrize(
    ("make", "sentence"), [case[1:] for case in PARAMS], ids=lambda it: str(it)
)
def test_params_that_cannot_be_stepped(make: Callable[[], torch.Tensor], sentence: str) -> None:
    param = make()
    optimizer = ours("AdamW")([param])
    param.grad = torch.ones_like(param)
    with pytest.raises(RuntimeError, match=sentence):
        optimizer.step()


def test_integer_param() -> None:
    param = torch.ones(4, dtype=torch.int64)
    optimizer = ours("SGD")([param])
    param.grad = torch.ones(4, dtype=torch.int64)
    with pytest.raises(RuntimeError, match=r"a param has the dtype torch.int64|dtype torch.int64"):
        optimizer.step()


def test_sparse_param_and_gradients() -> None:
    param, other = (torch.nn.Parameter(torch.ones(4, 4)) for _ in range(2))
    optimizer = ours("AdamW")([other, param])
    other.grad = torch.ones(4, 4)
    param.grad = torch.eye(4).to_sparse()
    with pytest.raises(RuntimeError, match="AdamW does not support sparse gradients"):
        optimizer.step()
    assert torch.equal(param.detach(), torch.ones(4, 4))
    assert torch.equal(other.detach(), torch.ones(4, 4))
    assert not any(optimizer.state.values())
    whole = torch.nn.Parameter(torch.eye(4).to_sparse())
    optimizer = ours("AdamW")([whole])
    whole.grad = torch.eye(4).to_sparse()
    with pytest.raises(RuntimeError, match="sparse"):
        optimizer.step()


def test_sparse_gradient_of_an_embedding_after_dense_ones() -> None:
    embedding = torch.nn.Embedding(5, 3, sparse=True)
    optimizer = ours("SGD")(embedding.parameters(), lr=0.1)
    embedding.weight.grad = torch.ones(5, 3)
    optimizer.step()
    before = embedding.weight.detach().clone()
    optimizer.zero_grad()
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="SGD does not support sparse gradients"):
        optimizer.step()
    assert torch.equal(embedding.weight.detach(), before)


GRADS: list[tuple[str, Callable[[torch.Tensor], Any], str]] = [
    ("shorter", lambda grad: grad.resize_(3), "shape (3,) beside a param of (50,)"),
    ("other data", lambda grad: setattr(grad, "data", torch.ones(3)), "shape (3,)"),
    ("longer", lambda grad: setattr(grad, "data", torch.ones(99)), "shape (99,)"),
    (
        "int",
        lambda grad: setattr(grad, "data", torch.ones(50, dtype=torch.int32)),
        "a gradient has the dtype torch.int32 beside a param of torch.float32",
    ),
    ("freed", lambda grad: grad.untyped_storage().resize_(0), "grad.data is NULL"),
    ("set_", lambda grad: grad.set_(torch.ones(2)), "shape (2,)"),
]


@pytest.mark.parametrize(("damage", "sentence"), [case[1:] for case in GRADS])
def test_damaged_gradients(damage: Callable[[torch.Tensor], Any], sentence: str) -> None:
    param = torch.nn.Parameter(torch.ones(50))
    optimizer = ours("AdamW")([param])
    param.grad = torch.ones(50)
    optimizer.step()
    before = param.detach().clone()
    damage(param.grad)
    with pytest.raises((RuntimeError, errors.InvalidArgument)) as refusal:
        optimizer.step()
    assert sentence in str(refusal.value)
    assert torch.equal(param.detach(), before)
    param.grad = torch.ones(50)
    optimizer.step()
    assert optimizer.state[param]["step"] == 2


def test_gradient_of_another_float_dtype_is_read_as_such() -> None:
    mine, other = torch.nn.Parameter(torch.ones(9)), torch.nn.Parameter(torch.ones(9))
    mine.grad, other.grad = torch.ones(9), torch.ones(9)
    values = torch.linspace(-1, 1, 9)
    mine.grad.data = values.double()
    other.grad.data = values
    ours("SGD")([mine], lr=0.5).step()
    ours("SGD")([other], lr=0.5).step()
    assert torch.equal(mine, other)


def test_gradient_that_is_the_param() -> None:
    param = torch.nn.Parameter(torch.ones(9))
    param.grad = param.data
    with pytest.raises(errors.InvalidArgument, match=r"the arrays of tensors.0. overlap"):
        ours("SGD")([param], lr=0.5).step()
    assert torch.equal(param.detach(), torch.ones(9))


def test_params_that_overlap() -> None:
    flat = torch.ones(20)
    params = [torch.nn.Parameter(flat[:15]), torch.nn.Parameter(flat[5:])]
    for param in params:
        param.grad = torch.ones(15)
    with pytest.raises(errors.InvalidArgument, match="no two entries of a list"):
        ours("SGD")(params, lr=0.5).step()
    assert torch.equal(flat, torch.ones(20))


@pytest.mark.parametrize("name", PEERS + OWN)
def test_param_data_that_is_replaced(name: str) -> None:
    """`.data =` moves a param to other memory. The step follows it there."""
    params, wanted = params_of(1), params_of(1)
    optimizer, reference = ours(name)(params), ours(name)(wanted)
    kept = []
    for step in range(4):
        make_steps(optimizer, params, 1, step)
        make_steps(reference, wanted, 1, step)
        kept += [param.data for param in params]
        for param in params:
            param.data = param.data.clone()
    assert_same_bits(params, wanted)
    assert not torch.equal(kept[0], params[0])


def test_param_that_was_cut_at_the_same_address() -> None:
    """The gradient is then shorter too. Nothing may read past its end."""
    param = torch.nn.Parameter(torch.ones(1000))
    whole = param.data
    optimizer = ours("SGD")([param], lr=0.5)
    param.grad = torch.ones(1000)
    optimizer.step()
    param.grad = None
    param.data = param.data[:10]
    param.grad = torch.ones(10)
    optimizer.step()
    assert torch.equal(whole, torch.cat([torch.zeros(10), torch.full((990,), 0.5)]))


def test_cut_param_with_a_state() -> None:
    param = torch.nn.Parameter(torch.ones(1000))
    optimizer = ours("AdamW")([param])
    param.grad = torch.ones(1000)
    optimizer.step()
    param.grad = None
    param.data = param.data[:10]
    param.grad = torch.ones(10)
    with pytest.raises(ValueError, match=r"'exp_avg' has the shape \(1000,\); for a param"):
        optimizer.step()


def test_freed_param() -> None:
    param = torch.nn.Parameter(torch.ones(1000))
    optimizer = ours("AdamW")([param])
    param.grad = torch.ones(1000)
    optimizer.step()
    param.untyped_storage().resize_(0)
    with pytest.raises(errors.InvalidArgument, match=r"param\.data is NULL"):
        optimizer.step()
    assert optimizer.state[param]["step"] == 1


def test_param_of_another_dtype_after_a_step() -> None:
    """model.double() and model.bfloat16() replace the data; the state follows."""
    model = torch.nn.Linear(5, 3)
    optimizer = ours("AdamW")(model.parameters())
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float32):
        optimizer.zero_grad()
        model.to(dtype)
        model(torch.ones(2, 5, dtype=dtype)).sum().backward()
        optimizer.step()
        assert optimizer.state[model.weight]["exp_avg"].dtype == dtype
    assert optimizer.state[model.weight]["step"] == 4
    assert bool(model.weight.isfinite().all())


def test_inference_params() -> None:
    with torch.inference_mode():
        model = torch.nn.Linear(3, 2)
        for param in model.parameters():
            param.grad = torch.ones_like(param)
    with pytest.raises(RuntimeError, match="inference tensor"):
        ours("SGD")(model.parameters()).step()


def test_copies_that_do_not_suit_their_params() -> None:
    param = torch.nn.Parameter(torch.ones(4, 3))
    param.grad = torch.ones(4, 3)
    for wrong, sentence in (
        (torch.ones(3, 4), "copy_to holds a tensor of the shape"),
        (torch.ones(4, 3, dtype=torch.int8), "it is float32, bfloat16 or float16"),
        ("text", "no tensor on the CPU"),
        (torch.ones(4, 3, device="meta"), "no tensor on the CPU"),
        (param.data, "overlap"),
    ):
        with pytest.raises(ValueError, match=sentence):
            ours("SGD")([param], copy_to={param: wrong}).step()
    assert torch.equal(param.detach(), torch.ones(4, 3))


def test_a_param_that_is_transposed_in_place_is_stepped_in_its_new_order() -> None:
    start = torch.arange(9.0).reshape(3, 3)
    param = torch.nn.Parameter(start.clone())
    optimizer = SGD([param], lr=1.0)
    grad = torch.zeros(3, 3)
    grad[0, 1] = 1.0
    param.grad = grad
    optimizer.step()
    param.data = param.data.t()  # the same address, the same shape, other strides
    optimizer.step()
    expected = (start - grad).t() - grad
    assert torch.equal(param.detach(), expected)
