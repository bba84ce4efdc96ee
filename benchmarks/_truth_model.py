"""A small transformer trained on one sample, for benchmarks.truth. Needs torch 2.9 (Muon) and tokenizers."""

import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

CONTEXT = 256
BATCH = 16  # windows of a step
PART = 4  # windows that are computed at a time on a CPU: what they leave behind stays in its cache
END = "<end>"


@dataclass(frozen=True)
class Size:
    """Width, layers and vocabulary. The default has 0.95 million parameters."""

    width: int = 128
    layers: int = 4
    vocabulary: int = 1024


def tokenizer(texts: Sequence[str], size: Size) -> Tokenizer:
    """A byte-level BPE of the texts, the same for all arms."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    return made


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // 32
        self.first, self.second = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.attend, self.merge = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.widen, self.narrow = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        parts = self.attend(self.first(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = (part.transpose(1, 2) for part in parts.unbind(2))
        seen = _attention(query, key, value)
        x = x + self.merge(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.narrow(functional.relu(self.widen(self.second(x))).square())


def _attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Causal attention. On a CPU plain products, which are compiled, take less time than the fused kernel."""
    if query.is_cuda:
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    batch, heads, length, width = query.shape
    future = torch.full((length, length), -math.inf).triu(1)
    query, key, value = (one.reshape(batch * heads, length, width) for one in (query, key, value))
    scores = torch.baddbmm(future, query, key.transpose(1, 2), alpha=width**-0.5)
    return torch.bmm(functional.softmax(scores, -1), value).view(batch, heads, length, width)


class _Model(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size.vocabulary, size.width)
        self.places = nn.Embedding(CONTEXT, size.width)
        self.blocks = nn.ModuleList(_Block(size.width) for _ in range(size.layers))
        self.last = nn.LayerNorm(size.width, bias=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.last(x), self.tokens.weight)


def _loss(model: nn.Module, windows: torch.Tensor, new: int) -> torch.Tensor:
    """Nats of the last tokens of all windows. Products are of 16 bits, their sums and the loss of 32."""
    with torch.autocast(windows.device.type, dtype=torch.bfloat16):
        logits = model(windows[:, :-1])[:, -new:]
    return functional.cross_entropy(logits.float().flatten(0, 1), windows[:, -new:].flatten(), reduction="sum")


def _mean_loss(model: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    return _loss(model, windows, CONTEXT) / CONTEXT


# Compiled, a step on a CPU takes a third of the time. Without a compiler it is the same, but slow.
_compiled = torch.compile(_mean_loss, dynamic=False) if shutil.which("g++") else _mean_loss


def _training_loss(model: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """The sum over windows of their mean loss."""
    return (_mean_loss if windows.is_cuda else _compiled)(model, windows)


def costs(
    training: Sequence[str], references: Mapping[str, Sequence[str]], encode: Tokenizer, size: Size, seed: int
) -> dict[str, Any]:
    """Train one pass over the texts and give bits per byte of each reference, with parameters and tokens trained on.

    The seed draws the initial weights and the order of windows.
    """
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    part = BATCH if device == "cuda" else PART
    model = _Model(size).to(device)
    windows = _windows(_ids(training, encode)).to(device)
    matrices = [one for block in model.blocks for one in block.parameters() if one.dim() == 2]
    others = [one for one in model.parameters() if all(one is not matrix for matrix in matrices)]
    optimizers = [torch.optim.Muon(matrices, lr=0.02), torch.optim.AdamW(others, lr=3e-3, weight_decay=0.0)]
    steps = max(1, len(windows) // BATCH)
    rates = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: _rate(step, steps)) for one in optimizers]
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(seed)).to(device)
    model.train()
    for step in range(steps):
        for one in optimizers:
            one.zero_grad(set_to_none=True)
        for at in range(step * BATCH, min((step + 1) * BATCH, len(order)), part):
            batch = windows[order[at : at + part]]
            (_training_loss(model, batch) / BATCH).backward()
        for one, rate in zip(optimizers, rates, strict=True):
            one.step()
            rate.step()
    model.eval()
    bits = {name: _bits(model, texts, encode, device) for name, texts in references.items()}
    sizes = {name: sum(len(text.encode()) for text in texts) for name, texts in references.items()}
    return {
        "costs": {name: bits[name] / sizes[name] for name in references},
        "parameters": sum(one.numel() for one in model.parameters()),
        "tokens": steps * BATCH * CONTEXT,
    }


def _rate(step: int, steps: int) -> float:
    """Up over a twentieth of the steps, then down to nothing over the last half."""
    return min(1.0, (step + 1) / max(1, steps // 20), 2 * (steps - step) / steps)


def _ids(texts: Sequence[str], encode: Tokenizer) -> list[int]:
    end = encode.token_to_id(END)
    return [token for one in encode.encode_batch(list(texts)) for token in (end, *one.ids)]


def _windows(ids: list[int]) -> torch.Tensor:
    """Windows of one token more than the context, one after another; the rest is left out."""
    count = max(1, (len(ids) - 1) // CONTEXT)
    padded = ids + ids[: max(0, count * CONTEXT + 1 - len(ids))]
    flat = torch.tensor(padded[: count * CONTEXT + 1])
    return torch.stack([flat[at * CONTEXT : (at + 1) * CONTEXT + 1] for at in range(count)])


@torch.no_grad()
def _bits(model: nn.Module, texts: Sequence[str], encode: Tokenizer, device: str) -> float:
    """Bits of all tokens; each window but a text's first begins half a context back, which is not counted again."""
    end, half = encode.token_to_id(END), CONTEXT // 2
    part = BATCH if device == "cuda" else PART
    windows: dict[tuple[int, int], list[list[int]]] = {}  # by length and by how many tokens count
    for one in encode.encode_batch(list(texts)):
        ids = [end, *one.ids]
        for start in range(0, len(ids) - 1, half):
            window = ids[max(0, start - half) : start + half + 1]
            windows.setdefault((len(window), min(half, len(ids) - 1 - start)), []).append(window)
    total = 0.0
    for (_, new), found in windows.items():
        for at in range(0, len(found), part):
            batch = torch.tensor(found[at : at + part], device=device)
            total += float(_loss(model, batch, new))
    return total / math.log(2)
