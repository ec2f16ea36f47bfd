# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Training three ways
#
# A small network learns to read handwritten digits, from the same start and with the same batches,
#
# 1. with `torch.optim.AdamW`,
# 2. with `gradstep.torch.AdamW`: the same constructor and the same losses,
# 3. with `gradstep.torch.AdamW(..., state_dtype="8bit")`: the state takes about a quarter.
#
# Run it as a program, `python train_three_ways.py --plot losses.png`, or cell by cell in an editor
# that knows `# %%`. Without the file of digits that comes with gradstep, it uses clusters of random
# points.

# %%
import argparse
from pathlib import Path

import numpy as np
import torch

import gradstep.torch

try:
    from tqdm import tqdm
except ImportError:  # there is then no progress bar

    def tqdm(steps, **_):
        return steps


parser = argparse.ArgumentParser(description="Trains a small network with three optimizers.")
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--plot", metavar="FILE", help="draw the losses; needs matplotlib")
options, _ = parser.parse_known_args()  # a notebook has arguments of its own
if options.epochs < 1:
    parser.error("--epochs is at least 1")

# %% [markdown]
# ## The data
#
# `digits.csv` has a row for each image: 64 pixels from 0 to 16, then the digit.


# %%
def digits():
    here = Path(globals().get("__file__", Path.cwd() / "cell")).resolve()
    for folder in here.parents:
        path = folder / "examples" / "data" / "digits.csv"
        if path.exists():
            table = np.loadtxt(path, delimiter=",", dtype=np.float32)
            return "handwritten digits", table[:, :-1] / 16, table[:, -1].astype(np.int64)
    random = np.random.default_rng(1)
    labels = random.integers(0, 10, 1797)
    centres = random.standard_normal((10, 64))
    points = centres[labels] + random.standard_normal((1797, 64)) * 2
    return "clusters of random points", points.astype(np.float32), labels


name, inputs, labels = digits()
order = np.random.default_rng(2).permutation(len(inputs))
inputs, labels = torch.from_numpy(inputs[order]), torch.from_numpy(labels[order])
test_count = len(inputs) // 5
train = inputs[test_count:], labels[test_count:]
test = inputs[:test_count], labels[:test_count]
print(f"{name}: {len(train[0])} to learn from, {test_count} to test with")


# %% [markdown]
# ## The three optimizers

# %%
WAYS = {
    "torch.optim.AdamW": lambda params: torch.optim.AdamW(params, lr=2e-3),
    "gradstep AdamW": lambda params: gradstep.torch.AdamW(params, lr=2e-3),
    "gradstep AdamW, 8bit": lambda params: gradstep.torch.AdamW(
        params, lr=2e-3, state_dtype="8bit"
    ),
}


def network():
    torch.manual_seed(3)  # every way starts from the same weights
    return torch.nn.Sequential(
        torch.nn.Linear(64, 256),
        torch.nn.ReLU(),
        torch.nn.Linear(256, 256),
        torch.nn.ReLU(),
        torch.nn.Linear(256, 10),
    )


def state_bytes(optimizer):
    return sum(
        value.numel() * value.element_size()
        for state in optimizer.state.values()
        for value in state.values()
        if torch.is_tensor(value)
    )


# %% [markdown]
# ## Training
#
# The loop is the same for all three.


# %%
def trained(way):
    model = network()
    optimizer = WAYS[way](model.parameters())
    random = torch.Generator().manual_seed(4)  # every way gets the same batches
    losses = []
    for _ in tqdm(range(options.epochs), desc=way, unit="epoch"):
        total = 0.0
        for rows in torch.randperm(len(train[0]), generator=random).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(train[0][rows]), train[1][rows])
            loss.backward()
            optimizer.step()
            total += float(loss) * len(rows)
        losses.append(total / len(train[0]))
    with torch.no_grad():
        right = (model(test[0]).argmax(1) == test[1]).float().mean()
    return losses, float(right), state_bytes(optimizer)


results = {way: trained(way) for way in WAYS}

# %% [markdown]
# ## What came out

# %%
print(f"\n{'optimizer':22} {'first loss':>10} {'last loss':>10} {'test right':>11} {'state':>13}")
for way, (losses, right, size) in results.items():
    print(f"{way:22} {losses[0]:10.4f} {losses[-1]:10.4f} {right:11.1%} {size:7} bytes")

# %%
if options.plot:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SystemExit("--plot needs matplotlib: pip install matplotlib") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.subplots()
    for way, style in zip(WAYS, ("-", "--", ":"), strict=True):
        epochs = range(1, options.epochs + 1)
        panel.semilogy(epochs, results[way][0], style, label=way, linewidth=2)
    panel.set(xlabel="epoch", ylabel="training loss", title=name)
    panel.legend(frameon=False)
    figure.savefig(options.plot, dpi=150)
    print(f"The losses are drawn in {options.plot}.")
