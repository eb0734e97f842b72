"""A small net for each column of tokens, that reads any of the others: the network of `autoregressive`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

__all__ = ["ColumnNets", "calibrate", "drawn", "log_shares", "losses", "set_curves"]

Ints = npt.NDArray[np.int64]
_NATURAL = 0.25
"""Share of the batches that learn the order in which rows are drawn; the others an order of their own."""
_NEVER = 1e-13
"""Chance at first of a value that no row holds: it shall not be drawn."""
_WAVES = 4
"""Number of the curve whose power is half of the first one's."""
_CALIBRATED, _ROUNDS, _AT_ONCE = 20_000, 5, 512


class ColumnNets(nn.Module):
    """For each column two hidden layers on the embeddings of all columns, unknown ones by one of their own.

    Parameters
    ----------
    sizes : sequence of int
        Values of each column.
    embedding, hidden : int
        Numbers of an embedding, and units of each layer of a column's net.
    dropout : float
        Share of the units of the last layer that are left out while it learns.
    """

    def __init__(self, sizes: Sequence[int], embedding: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes, self.count = list(sizes), len(sizes)
        places = np.concatenate([[0], np.cumsum(np.asarray(sizes) + 1)])
        self.first: Tensor
        self.unknown: Tensor
        self.register_buffer("first", torch.from_numpy(places[:-1].astype(np.int64)), persistent=False)
        self.register_buffer("unknown", torch.from_numpy(places[1:].astype(np.int64) - 1), persistent=False)
        self.edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        self.embedded = nn.Embedding(int(places[-1]), embedding)
        self.read = nn.Parameter(
            _weights(self.count, embedding, self.count, hidden, fan=self.count * embedding)
        )
        self.read_bias = nn.Parameter(torch.zeros(self.count, hidden))
        self.think = nn.Parameter(_weights(self.count, hidden, hidden, fan=hidden))
        self.think_bias = nn.Parameter(torch.zeros(self.count, hidden))
        self.tell = nn.Parameter(torch.zeros(self.edges[-1], hidden))
        self.tell_bias = nn.Parameter(torch.zeros(self.edges[-1]))
        self.dropout = nn.Dropout(dropout)

    def embed(self, tokens: Tensor) -> Tensor:
        """Embeddings of tokens, shape (n, columns, embedding); -1 is unknown."""
        made: Tensor = self.embedded(torch.where(tokens < 0, self.unknown, tokens + self.first))
        return made

    def forward(self, tokens: Tensor, known: Tensor) -> Tensor:
        """Last hidden layer of all columns' nets, shape (n, columns, hidden).

        Parameters
        ----------
        tokens : Tensor of int, shape (n, columns)
        known : Tensor of float, shape (columns, columns)
            1 where the column of the row is known to the net of the column of the column.
        """
        width = self.count * self.embedded.embedding_dim
        nothing = self.embedded(self.unknown)
        said = (self.embed(tokens) - nothing).reshape(len(tokens), width)
        seen = self.read * known[:, None, :, None]
        whole = self.read.reshape(width, -1)
        first = said @ seen.reshape(width, -1) + nothing.reshape(1, width) @ whole
        return self._thought(first.reshape(len(tokens), self.count, -1) + self.read_bias)

    def _thought(self, first: Tensor) -> Tensor:
        first = nn.functional.relu(first)
        second = torch.bmm(first.transpose(0, 1), self.think).transpose(0, 1) + self.think_bias
        last: Tensor = self.dropout(first + nn.functional.relu(second))
        return last

    def told(self, hidden: Tensor) -> list[Tensor]:
        """Logits of the values of each column, for all nets' last layer of shape (n, columns, hidden)."""
        # split at once: the gradient of each slice alone would be as large as all weights
        parts = zip(
            hidden.unbind(1),
            torch.split(self.tell, self.sizes),
            torch.split(self.tell_bias, self.sizes),
            strict=True,
        )
        return [nn.functional.linear(*part) for part in parts]

    def asked(self, embedded: Tensor, column: int) -> Tensor:
        """Logits of one column for embeddings of shape (n, columns, embedding): no other net is computed."""
        read = self.read[:, :, column].reshape(-1, self.read.shape[3])
        first = nn.functional.relu(embedded.reshape(len(embedded), -1) @ read + self.read_bias[column])
        second = nn.functional.relu(first @ self.think[column] + self.think_bias[column])
        own = slice(self.edges[column], self.edges[column + 1])
        told: Tensor = nn.functional.linear(first + second, self.tell[own], self.tell_bias[own])
        return told

    def start(self, tokens: Ints, ordered: Sequence[bool]) -> None:
        """Set what the nets say at first to how often each value occurs, and bins in order to smooth curves.

        Parameters
        ----------
        tokens : array of int, shape (n, columns)
        ordered : sequence of bool
            Columns whose values from 1 on are bins in order: what is learnt of one bin then holds for those
            beside it, where random embeddings would learn each bin from its own rows.
        """
        with torch.no_grad():
            self.tell_bias.copy_(log_shares(tokens, self.sizes))
        for j, size in enumerate(self.sizes):
            if ordered[j]:
                set_curves(self.embedded, int(self.first[j]) + 1, int(self.first[j]) + size)


def calibrate(network: ColumnNets, tokens: Ints, order: Sequence[int]) -> None:
    """Move each bias until, given real rows in this order, values are told as often as they occur.

    Weights that serve any order and stop early tell the values of one order a little too often or too seldom,
    and what is drawn first carries that on to what is drawn later.

    Parameters
    ----------
    tokens : array of int, shape (n, columns)
        The rows that were learnt.
    """
    place = np.argsort(order)
    device = network.tell_bias.device
    known = torch.from_numpy((place[:, None] < place[None, :]).astype(np.float32)).to(device)
    rows = torch.from_numpy(tokens[:: -(-len(tokens) // _CALIBRATED)]).to(device)
    wanted = [torch.bincount(rows[:, t], minlength=size) / len(rows) for t, size in enumerate(network.sizes)]
    with torch.no_grad():
        for _ in range(_ROUNDS):
            told = torch.zeros_like(network.tell_bias)
            for some in torch.split(rows, _AT_ONCE):
                logits = network.told(network(some, known))
                told += torch.cat([part.softmax(dim=1).sum(dim=0) for part in logits]) / len(rows)
            least = 1 / len(rows)
            network.tell_bias.add_(torch.log((torch.cat(wanted) + least) / (told + least)))


def set_curves(embedded: nn.Embedding, low: int, high: int) -> None:
    """Set the embeddings from `low` to before `high` to cosines over their order, slow ones the strongest."""
    waves = torch.arange(1, embedded.embedding_dim + 1)
    at = torch.linspace(0, 1, high - low)[:, None]
    with torch.no_grad():
        embedded.weight[low:high] = torch.cos(torch.pi * waves * at) * (2 / (1 + waves / _WAVES)) ** 0.5


def log_shares(tokens: Ints, sizes: Sequence[int]) -> Tensor:
    """Logarithm of how often each value of each token occurs, shape (values of all,)."""
    shares = [np.bincount(tokens[:, t], minlength=size) / len(tokens) for t, size in enumerate(sizes)]
    return torch.from_numpy(np.log(np.maximum(np.concatenate(shares), _NEVER))).float()


def drawn(power: Tensor, rng: np.random.Generator) -> Ints:
    """One value a row, as often as its share of the row's sum, for shares of shape (n, values)."""
    passed = power.cumsum(dim=1)
    at = torch.from_numpy(rng.random((len(power), 1), dtype=np.float32)) * passed[:, -1:]
    values: Ints = (passed[:, :-1] <= at).sum(dim=1).numpy().astype(np.int64)
    return values


def _weights(*shape: int, fan: int) -> Tensor:
    made: Tensor = torch.randn(*shape) * (2.0 / fan) ** 0.5
    return made


def losses(
    network: ColumnNets, tokens: Ints, order: Sequence[int], device: torch.device
) -> Callable[[Ints, torch.Generator], Tensor]:
    """The loss of a batch: minus the log-probability of its rows, column after column in some order.

    A quarter of the batches takes the order in which rows will be drawn, the others one drawn evenly from all
    (Uria, Murray, Larochelle 2014): one network then answers for any set of known columns.
    """
    rows = torch.from_numpy(tokens).to(device)
    count = network.count
    natural = torch.empty(count)
    natural[torch.as_tensor(list(order))] = torch.arange(count).float()

    def loss(some: Ints, generator: torch.Generator) -> Tensor:
        batch = rows[torch.from_numpy(some).to(device)]
        place = natural
        if network.training and torch.rand((), generator=generator) >= _NATURAL:
            place = torch.randperm(count, generator=generator).float()
        known = (place[:, None] < place[None, :]).float().to(device)
        told = network.told(network(batch, known))
        each = [nn.functional.cross_entropy(logits, batch[:, j]) for j, logits in enumerate(told)]
        return torch.stack(each).sum()

    return loss
