"""A variational autoencoder of rows of tokens: the network of `vae`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.latent._column_nets import log_shares, set_curves

__all__ = ["Decoder", "TableVae", "losses"]

Ints = npt.NDArray[np.int64]


class Decoder(nn.Module):
    """Two residual layers from a code to the logits of every value of every token.

    Parameters
    ----------
    sizes : sequence of int
        Values of each token.
    code, hidden : int
    """

    def __init__(self, sizes: Sequence[int], code: int, hidden: int) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.first = nn.Linear(code, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.tell = nn.Linear(hidden, int(sum(sizes)))

    def forward(self, codes: Tensor) -> list[Tensor]:
        """Logits of each token, shape (n, its size)."""
        first = nn.functional.silu(self.first(codes))
        return list(torch.split(self.tell(first + nn.functional.silu(self.second(first))), self.sizes, dim=1))

    def start(self, tokens: Ints) -> None:
        """Begin with how often each value occurs."""
        with torch.no_grad():
            self.tell.bias.copy_(log_shares(tokens, self.sizes))


class TableVae(nn.Module):
    """Encoder and decoder.

    Parameters
    ----------
    sizes : sequence of int
    code : int
        Numbers of a code.
    hidden : int
        Units of a layer.
    embedding : int
        Numbers by which the encoder reads a token.
    """

    def __init__(self, sizes: Sequence[int], code: int, hidden: int, embedding: int) -> None:
        super().__init__()
        edges = np.concatenate([[0], np.cumsum(sizes)])
        self.edges = edges.tolist()
        self.offsets: Tensor
        self.register_buffer("offsets", torch.from_numpy(edges[:-1].astype(np.int64)), persistent=False)
        self.embedded = nn.Embedding(int(edges[-1]), embedding)
        self.read = nn.Linear(len(sizes) * embedding, hidden)
        self.think = nn.Linear(hidden, hidden)
        self.mean = nn.Linear(hidden, code)
        self.spread = nn.Linear(hidden, code)
        self.decoder = Decoder(sizes, code, hidden)

    def encode(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the code of each row."""
        first = nn.functional.silu(self.read(self.embedded(tokens + self.offsets).flatten(1)))
        second = first + nn.functional.silu(self.think(first))
        return self.mean(second), self.spread(second).clamp(-10, 4)

    def start(self, tokens: Ints, ordered: Sequence[bool]) -> None:
        """Begin with how often each value occurs, and bins in order on smooth curves."""
        self.decoder.start(tokens)
        for j, (low, high) in enumerate(pairwise(self.edges)):
            if ordered[j]:
                set_curves(self.embedded, low + 1, high)


def losses(
    network: TableVae, tokens: Ints, weight: float, device: torch.device
) -> Callable[[Ints, torch.Generator], Tensor]:
    """The loss of a batch: minus the log-probability of its rows, and `weight` times the divergence.

    Parameters
    ----------
    weight : float
        1 is the bound of Kingma and Welling; below, codes keep more of a row.
    """
    rows = torch.from_numpy(tokens).to(device)

    def loss(some: Ints, generator: torch.Generator) -> Tensor:
        batch = rows[torch.from_numpy(some).to(device)]
        mean, spread = network.encode(batch)
        noise = torch.randn(mean.shape, generator=generator).to(device)
        told = network.decoder(mean + torch.exp(0.5 * spread) * noise)
        each = [nn.functional.cross_entropy(logits, batch[:, j]) for j, logits in enumerate(told)]
        divergence = 0.5 * (mean**2 + spread.exp() - spread - 1).sum(dim=1).mean()
        return torch.stack(each).sum() + weight * divergence

    return loss
