# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep convert``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from command_line import run_gradstep

torch = pytest.importorskip("torch")

from gradstep._commands import convert  # noqa: E402
from gradstep._commands._failure import CommandError  # noqa: E402
from gradstep.torch import _checkpoints  # noqa: E402

CONVERTS = hasattr(_checkpoints, "state_dict_to_file") and hasattr(
    _checkpoints, "state_dict_from_file"
)
converts = pytest.mark.skipif(not CONVERTS, reason="gradstep.torch has no conversion of files yet")


def trained(kind: Any, steps: int = 3, **options: Any) -> Any:
    """An optimizer with a state."""
    random = torch.Generator().manual_seed(2)
    params = [torch.randn(shape, generator=random, requires_grad=True) for shape in ((5, 4), (3,))]
    optimizer = kind(params, **options)
    for _ in range(steps):
        for param in params:
            param.grad = torch.randn(param.shape, generator=random)
        optimizer.step()
    return optimizer


def assert_same_state(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert list(one["state"]) == list(two["state"])
    for key, state in one["state"].items():
        assert set(state) == set(two["state"][key])
        for name, value in state.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(two["state"][key][name]))
    assert len(one["param_groups"]) == len(two["param_groups"])
    for group, other in zip(one["param_groups"], two["param_groups"], strict=True):
        assert group["lr"] == other["lr"]
        assert group["params"] == other["params"]


@converts
@pytest.mark.parametrize("name", ["AdamW", "RMSprop", "NAdam", "Adafactor"])
def test_there_and_back(tmp_path: Path, name: str) -> None:
    optimizer = trained(getattr(torch.optim, name), lr=0.0125)
    torch.save(optimizer.state_dict(), tmp_path / "in.pt")
    run_gradstep("convert", "in.pt", "run.safetensors", folder=tmp_path)
    assert convert.is_safetensors(tmp_path / "run.safetensors")
    run_gradstep("convert", "run.safetensors", "out.pt", folder=tmp_path)
    found = torch.load(tmp_path / "out.pt", weights_only=True)
    assert_same_state(optimizer.state_dict(), found)
    # torch's own class continues from it.
    again = trained(type(optimizer), steps=0, lr=1.0)
    again.load_state_dict(found)
    assert again.param_groups[0]["lr"] == 0.0125


@converts
def test_an_entry_of_a_file_with_other_things(tmp_path: Path) -> None:
    optimizer = trained(torch.optim.AdamW)
    torch.save({"model": {}, "optimizer": optimizer.state_dict()}, tmp_path / "in.pt")
    arguments = ("in.pt", "out.safetensors", "--key", "optimizer")
    result = run_gradstep("convert", *arguments, folder=tmp_path)
    size = (tmp_path / "out.safetensors").stat().st_size
    assert result.stdout == f"out.safetensors: {size} bytes\n"


class Calls:
    """Stands for the two functions that convert, and notes how they are called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[Any] = []
        self.read: list[Any] = []
        monkeypatch.setattr(_checkpoints, "state_dict_to_file", self._to_file, raising=False)
        monkeypatch.setattr(_checkpoints, "state_dict_from_file", self._from_file, raising=False)

    def _to_file(self, state_dict: Any, path: Path, optimizer: str | None = None) -> str:
        if state_dict["param_groups"] == ["refused"]:
            raise ValueError("no such groups")
        self.written.append((state_dict, path, optimizer))
        path.write_bytes(b"written")
        return "AdamW"

    def _from_file(self, path: Path) -> Any:
        self.read.append(path)
        return {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def run(*arguments: Any) -> None:
    """The command, in this process."""
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    convert.run(parser.parse_args([str(argument) for argument in arguments]))


def safetensors_file(path: Path) -> Path:
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    return path


def test_a_torch_file_is_written_as_safetensors(tmp_path: Path, calls: Calls) -> None:
    source, target = tmp_path / "any.name", tmp_path / "other.name"
    state_dict = trained(torch.optim.AdamW).state_dict()
    torch.save(state_dict, source)
    run(source, target, "--optimizer", "AdamW")
    ((found, path, optimizer),) = calls.written
    assert_same_state(state_dict, found)
    assert (path, optimizer) == (target, "AdamW")


def test_a_safetensors_file_is_written_as_a_torch_file(tmp_path: Path, calls: Calls) -> None:
    source, target = safetensors_file(tmp_path / "any.name"), tmp_path / "other.name"
    run(source, target)
    assert calls.read == [source]
    found = torch.load(target, weights_only=True)
    assert torch.equal(found["state"][0]["exp_avg"], torch.ones(2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["any.name", "other.name"]


def refused(*arguments: Any) -> str:
    with pytest.raises(CommandError) as raised:
        run(*arguments)
    return str(raised.value)


def test_a_file_is_replaced_only_by_force(tmp_path: Path, calls: Calls) -> None:
    source, target = safetensors_file(tmp_path / "a"), tmp_path / "b"
    target.write_bytes(b"precious")
    assert refused(source, target) == f"{target} exists already: --force replaces it"
    assert target.read_bytes() == b"precious"
    run(source, target, "--force")
    assert target.read_bytes() != b"precious"


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = safetensors_file(tmp_path / "a"), tmp_path / "b"
    target.write_bytes(b"precious")

    def fails(state_dict: Any, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fails)
    assert refused(source, target, "--force") == "disk full"
    assert target.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_that_runs_code_is_refused(tmp_path: Path, calls: Calls) -> None:
    source = tmp_path / "evil.pt"
    torch.save({"state": {}, "param_groups": [], "code": print}, source)
    assert "weights_only=True" in refused(source, tmp_path / "out")
    assert calls.written == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"x" * 100, (1 << 62).to_bytes(8, "little") + b"{}"]
)
def test_a_file_of_neither_kind_is_refused(tmp_path: Path, calls: Calls, content: bytes) -> None:
    source = tmp_path / "noise"
    source.write_bytes(content)
    assert f"{source} is neither a safetensors file" in refused(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_named(tmp_path: Path, calls: Calls) -> None:
    source, target = tmp_path / "in.pt", tmp_path / "out"
    assert "No such file" in refused(source, target)
    torch.save({"model": {}, "optim": {}}, source)
    assert "--key: ['model', 'optim']" in refused(source, target)
    assert "has no entry 'adam'; it has model, optim" in refused(source, target, "--key", "adam")
    assert "holds no optimizer's state_dict" in refused(source, target, "--key", "optim")
    assert "is no folder" in refused(source, tmp_path / "none" / "out")
    other = safetensors_file(tmp_path / "c")
    assert "--key is for torch files" in refused(other, target, "--key", "x")
    assert "--optimizer is for torch files" in refused(other, target, "--optimizer", "x")
    torch.save({"state": {}, "param_groups": ["refused"]}, source)
    assert refused(source, target) == "no such groups"


def test_without_torch_a_sentence_says_so(tmp_path: Path) -> None:
    source = safetensors_file(tmp_path / "a")
    result = run_gradstep("convert", str(source), "b", without=["torch"], status=1, folder=tmp_path)
    assert result.stderr == (
        "gradstep convert: convert needs the package torch, which is not installed: "
        "pip install torch\n"
    )
