# SPDX-License-Identifier: Apache-2.0
"""Params of which each process holds a part: DTensors, as FSDP2 and tensor parallelism make them.
The library steps the part that this process holds. What concerns the whole tensor is here: which
elements the part has, which rules need all of them, and sums over all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ._rules import GroupRule


def is_distributed(tensor: Any) -> bool:
    """Whether it is a DTensor, or looks like one."""
    kind = type(tensor)
    return kind is not Tensor and kind is not torch.nn.Parameter and hasattr(tensor, "to_local")


def local(tensor: Any) -> Any:
    """The part of a DTensor that this process holds; any other tensor as it is."""
    if not is_distributed(tensor):
        return tensor
    with torch.no_grad():
        found = tensor.to_local()
    return found.wait() if hasattr(found, "wait") else found


def sharded_dims(tensor: Any) -> tuple[int, ...]:
    """The dimensions of a DTensor's mesh along which the processes hold different elements."""
    if not is_distributed(tensor):
        return ()
    mesh = tensor.device_mesh
    return tuple(
        dim
        for dim, placement in enumerate(tensor.placements)
        if not placement.is_replicate() and mesh.size(dim) > 1
    )


def check(name: str, param: Any, rule: GroupRule) -> None:
    """Raises RuntimeError for a sharded param if the rule sums over its elements: a process would
    sum over its shard alone, and each would step differently."""
    if sharded_dims(param) and rule.sums:
        raise RuntimeError(
            f"{name} does not support a param of the placements {tuple(param.placements)}: "
            "its rule sums over all elements of a tensor, of which each process holds a shard"
        )


def first_index(param: Any) -> int | None:
    """Where the elements of a sharded param stand in the whole tensor: the index of the first. A
    shard that is no single run of elements gets a range that no other shard has. None: unknown."""
    chunks = param.__create_chunk_list__()
    if len(chunks) != 1:
        return None
    offsets, sizes = chunks[0].offsets, chunks[0].sizes
    shape = param.shape
    index = 0
    for dim, offset in enumerate(offsets):
        before, after = sizes[:dim].numel(), shape[dim + 1 :].numel()
        index += offset * before * after
    return index if index + sizes.numel() <= shape.numel() else None


def local_grad(param: Any, grad: Any) -> Any:
    """The part of a gradient that belongs to this process's part of the param. A gradient that is
    placed otherwise than the param, such as one that is yet to be summed, is brought there."""
    if is_distributed(param) and is_distributed(grad) and grad.placements != param.placements:
        with torch.no_grad():
            grad = grad.redistribute(param.device_mesh, param.placements)
    return local(grad)


def placed_as(param: Any, tensor: Any) -> Any:
    """A tensor of the param's shape, distributed as the param is. A whole one is cut into shards,
    and shards become whole for a param that is."""
    if not is_distributed(param):
        return tensor.full_tensor() if is_distributed(tensor) else tensor
    mesh, placements = param.device_mesh, param.placements
    if not is_distributed(tensor):
        from torch.distributed.tensor import distribute_tensor

        found = distribute_tensor(tensor, mesh, placements, src_data_rank=None)
    elif tensor.placements != placements:
        found = tensor.redistribute(mesh, placements)
    else:
        return tensor
    made = torch.empty_like(param, dtype=tensor.dtype)  # its elements are in the param's order
    local(made).copy_(local(found))
    return made


def sum_over_processes(param: Any, values: Tensor) -> Tensor:
    """The sum of these values over the processes that hold the shards of a param."""
    for dim in sharded_dims(param):
        torch.distributed.all_reduce(values, group=param.device_mesh.get_group(dim))
    return values
