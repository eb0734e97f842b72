"""A conditional generative adversarial network of tables, watched for collapse."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from mintmark.data.dataset import Dataset
from mintmark.data.encode import decode, encode
from mintmark.data.schema import Schema
from mintmark.errors import InputError
from mintmark.latent._mixed import Layout, from_rows, layout_of, learn_mixed, to_rows
from mintmark.latent._modes import Modes
from mintmark.method import method
from mintmark.synthesizer import Learnt, Synthesizer

if TYPE_CHECKING:
    import torch

    from mintmark.latent._table_gan import Conditions, Critic, Generator
    from mintmark.nn.rounds import Rounds, Step

__all__ = ["Gan"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_NET = "generator/"
_BATCH = 512
_PASSES, _STEPS = 120, (1_500, 6_000)
_PENALTY = 10.0
_DECAY = 0.999
_LEAST, _FEW = 20, 200


@method
class Gan(Synthesizer):
    """Conditional Wasserstein GAN of mixed columns (after Xu et al. 2019, arXiv 1907.00503, CTGAN).

    A row is made of noise and of one value that it shall have. While it learns, rare values are asked for
    about as often as frequent ones, so that none is forgotten; afterwards as often as real rows hold them. A
    critic judges several rows together (Lin et al. 2018), its slope is held near 1 (Gulrajani et al. 2017),
    and the weights of the generator are averaged.

    Every 200 steps new rows are held against real ones: how many values they cover, how many kinds of rows
    there are, how far frequencies of pairs are off. The best weights are kept; a collapse is told.
    """

    holds: ClassVar[Literal["rows", "values", "aggregates"]] = "values"
    derives: ClassVar[bool] = True

    epochs: Annotated[
        int | None,
        Field(ge=1, description="passes over the rows; by default about 120, fewer where there are many"),
    ] = None
    hidden: Annotated[int, Field(ge=8, le=2048, description="units of a layer")] = 256
    noise: Annotated[int, Field(ge=1, le=1024, description="numbers a row is made from")] = 64
    together: Annotated[int, Field(ge=1, le=32, description="rows that the critic judges together")] = 4
    critics: Annotated[
        int, Field(ge=1, le=10, description="steps of the critic for one of the generator")
    ] = 2
    rate: Annotated[float, Field(gt=0, description="Adam's step in the middle of the training")] = 5e-4

    # -- the contract --------------------------------------------------------------------------

    def _learn(self, data: Dataset, rng: np.random.Generator) -> Learnt:
        _warn_of_few(len(data))
        arrays = encode(data.table, data.schema)
        learnt = learn_mixed(arrays, data.schema)
        told = {**learnt, "schema": data.schema.to_json()}
        layout = layout_of(learnt, data.schema)
        if layout.is_empty:
            return told
        codes, scores = to_rows(arrays, learnt, data.schema, rng)
        try:
            return told | self._trained(codes, scores, layout, rng)
        except FloatingPointError as error:
            raise InputError(f"gan: {error} Give a lower rate, or drop columns of extreme numbers.") from None

    def _draw(self, n: int, learnt: Learnt, rng: np.random.Generator) -> pa.Table:
        import torch

        from mintmark.latent._table_gan import Generator
        from mintmark.nn.training import load_arrays, one_thread

        schema = Schema.from_json(learnt["schema"])
        layout = layout_of(learnt, schema)
        codes, scores = np.empty((n, 0), dtype=np.int64), np.empty((n, 0))
        if not layout.is_empty:
            network = Generator(layout, self.noise, self.hidden)
            load_arrays(network, learnt, _NET)
            draws = torch.Generator().manual_seed(int(rng.integers(2**62)))
            passed = torch.from_numpy(np.array(learnt["often"]))
            with torch.no_grad(), one_thread():
                codes, scores = _made(network, passed, n, draws)
        return decode(from_rows(codes, scores, learnt, schema), schema)

    # -- training --------------------------------------------------------------------------------

    def _trained(
        self, codes: Ints, scores: Floats, layout: Layout, rng: np.random.Generator
    ) -> dict[str, Any]:
        import torch

        from mintmark.latent._table_gan import Conditions, Critic, Generator
        from mintmark.nn.rounds import train_in_rounds
        from mintmark.nn.training import arrays_of, seeded

        conditions = Conditions(codes, layout.sizes)
        with seeded(rng):
            generator = Generator(layout, self.noise, self.hidden)
            critic = Critic(2 * generator.width + len(layout.scored), self.together, self.hidden)
        average = copy.deepcopy(generator).requires_grad_(False)
        optimizers = [
            torch.optim.Adam(network.parameters(), lr=self.rate, betas=(0.5, 0.9))
            for network in (generator, critic)
        ]
        looks = torch.Generator().manual_seed(int(rng.integers(2**62)))

        def made(n: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            with torch.no_grad():
                return _made(average, conditions.often, n, looks)

        modes = Modes.of(average, made, codes, scores, layout, rng)
        step = self._step(generator, average, critic, optimizers, conditions, codes, scores)
        done = train_in_rounds(
            torch.nn.ModuleList([generator, average, critic]), optimizers, step, len(codes), rng,
            steps=self._many(len(codes)), batch=self._batch(), label="training a GAN", watch=modes,
        )  # fmt: skip
        self._end(modes, done)
        return {
            **arrays_of(average, _NET), "often": conditions.often.numpy(), "losses": done.losses,
            "watched": modes.seen, "ended": done.ended,
        }  # fmt: skip

    def _batch(self) -> int:
        return _BATCH // self.together * self.together

    def _many(self, rows: int) -> int:
        """Steps of the generator."""
        if self.epochs is not None:
            return max(1, round(self.epochs * rows / _BATCH))
        return int(np.clip(_PASSES * rows / _BATCH, *_STEPS))

    def _step(
        self, generator: Generator, average: Generator, critic: Critic,
        optimizers: list[torch.optim.Adam], conditions: Conditions, codes: Ints, scores: Floats,
    ) -> Step:  # fmt: skip
        """Some steps of the critic and one of the generator."""
        import torch

        from mintmark.latent._table_gan import as_rows, penalty, picked, vector_of
        from mintmark.nn.rounds import follow

        layout = generator.layout
        real_codes, real_scores = torch.from_numpy(codes), torch.from_numpy(scores.astype(np.float32))
        taken = 0

        def asked(n: int, draws: torch.Generator) -> tuple[torch.Tensor, ...]:
            code, place = conditions.drawn(n, draws)
            vector = vector_of(place, conditions.width)
            return code, place, vector, torch.randn((n, self.noise), generator=draws)

        def judged(n: int, draws: torch.Generator) -> torch.Tensor:
            code, place, vector, noise = asked(n, draws)
            with torch.no_grad():
                logits, scores_made = generator(noise, vector)
                made = picked(logits, scores_made, layout, draws)
            rows = conditions.met(code, place, draws)
            real = as_rows(real_codes[rows], real_scores[rows], layout)
            true, false = (critic.packed(torch.cat([part, vector], dim=1)) for part in (real, made))
            apart: torch.Tensor = critic(true).mean() - critic(false).mean()
            _stepped(optimizers[1], _PENALTY * penalty(critic, true, false, draws) - apart)
            return apart

        def step(some: Ints, share: float, draws: torch.Generator) -> dict[str, float]:
            nonlocal taken
            for _ in range(self.critics):
                apart = judged(len(some), draws)
            _, _, vector, noise = asked(len(some), draws)
            logits, numbers = generator(noise, vector)
            critic.requires_grad_(False)
            made = picked(logits, numbers, layout, draws)
            fooled = critic(critic.packed(torch.cat([made, vector], dim=1))).mean()
            missed = _missed(logits, vector, layout)
            _stepped(optimizers[0], missed - fooled)
            critic.requires_grad_(True)
            follow(average, generator, taken, _DECAY)
            taken += 1
            return {"distance": float(apart.detach()), "missed": float(missed.detach())}

        return step

    def _end(self, modes: Modes, done: Rounds) -> None:
        """Leave the weights whose rows were closest, and warn if training ended in a collapse."""
        from mintmark.nn.training import one_thread

        with one_thread():
            collapsed = modes.look(int(done.losses[-1]["steps"]))
        modes.network.load_state_dict(modes.best)
        if collapsed:
            found = modes.seen[-1]
            warnings.warn(
                f"the GAN makes few kinds of rows over and over: {found['covered']:.0%} of the frequent "
                f"values are made, {found['distinct']:.0%} as many different rows as real ones, frequencies "
                f"are off by {found['off']:.0%}. The best weights before that are kept. Give a lower rate, "
                "more epochs or more rows together, or use diffusion or sequential_trees.",
                stacklevel=4,
            )


def _warn_of_few(rows: int) -> None:
    if rows < _FEW:
        warnings.warn(
            f"{rows} rows are few for a net: below {_FEW} it learns little but each column by "
            "itself. Take gaussian_copula or sequential_trees, or add rows.",
            stacklevel=4,
        )


def _missed(logits: torch.Tensor, vector: torch.Tensor, layout: Layout) -> torch.Tensor:
    """How unlikely the values asked for are, the mean over rows in nats."""
    import torch

    if not layout.sizes:
        return logits.sum()
    told = [part.log_softmax(dim=1) for part in torch.split(logits, layout.sizes, dim=1)]
    return -(torch.cat(told, dim=1) * vector).sum(dim=1).mean()


def _stepped(optimizer: torch.optim.Adam, loss: torch.Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships it so
    optimizer.step()


def _made(
    network: Generator, passed: torch.Tensor, n: int, draws: torch.Generator
) -> tuple[Ints, npt.NDArray[Any]]:
    """Codes and scores of n new rows, values asked for as often as in real ones; NaN where of no use."""
    import torch

    from mintmark.latent._table_gan import asked_for, picked

    layout = network.layout
    vector = asked_for(passed, layout.sizes, n, draws)
    logits, scores = network(torch.randn((n, network.noise), generator=draws), vector)
    rows = picked(logits, scores, layout, draws)[:, : network.width]
    parts = torch.split(rows, layout.sizes, dim=1) if layout.sizes else ()
    codes = np.empty((n, len(layout.sizes)), dtype=np.int64)
    for t, part in enumerate(parts):
        codes[:, t] = part.argmax(dim=1).numpy()
    numbers = scores.numpy().astype(np.float64)
    for k, (code, value) in enumerate(layout.gates):
        if code >= 0:
            numbers[codes[:, code] != value, k] = np.nan
    return codes, numbers
