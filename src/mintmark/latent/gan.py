"""A conditional generative adversarial network of tables, watched for collapse."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.data.encode import encode
from mintmark.data.schema import Schema
from mintmark.errors import RejectedError
from mintmark.latent._given import as_learnt, without_strange
from mintmark.latent._mixed import Layout, layout_of, to_rows
from mintmark.latent._mixed_rows import Floats, Ints, MixedRows, steps_of
from mintmark.latent._need import need_torch
from mintmark.method import method
from mintmark.progress import stop_if_asked, warn
from mintmark.synthesizer import Learnt

if TYPE_CHECKING:
    import torch

    from mintmark.latent._table_collapse import Modes
    from mintmark.latent._table_gan import Conditions, Critic, Generator
    from mintmark.nn.record import Training
    from mintmark.nn.rounds import Step

__all__ = ["Gan"]

_NET, _RATIO = "generator/", "ratio/"
_BATCH = 512
_PASSES, _STEPS = 28, (1_000, 3_000)
_PENALTY = 10.0
_DECAY = 0.999
_COMPARED = 20_000
"""Rows of each sort by which real and made ones are told apart in the end."""
_ACCEPTED = 0.2
"""Share of the made rows that are kept, about."""
_TRIED = 8_192
_ENOUGH_TRIED, _LEAST_KEPT = 500_000, 1e-3


@method
class Gan(MixedRows):
    """Conditional Wasserstein GAN of mixed columns (after Xu et al. 2019, arXiv 1907.00503, CTGAN).

    A row is made of noise and of one value that it shall have. While it learns, rare values are asked for
    about as often as frequent ones, so that none is forgotten; afterwards as often as real rows hold them. A
    critic judges several rows together (Lin et al. 2018), its slope is held near 1 (Gulrajani et al. 2017),
    and the weights of the generator are averaged.

    Every 200 steps new rows are held against real ones: how many values they cover, how many kinds of rows
    there are, how far frequencies of pairs are off. The best weights are kept; a collapse is told. In the
    end a classifier learns to tell made rows from real ones, and of five made rows about one is kept, as
    often as it is likelier among real ones (Azadi et al. 2019; Grover et al. 2019).
    """

    noise: Annotated[int, Field(ge=1, le=1024, description="numbers a row is made from")] = 64
    together: Annotated[int, Field(ge=1, le=32, description="rows that the critic judges together")] = 2
    critics: Annotated[
        int, Field(ge=1, le=10, description="steps of the critic for one of the generator")
    ] = 2
    rate: Annotated[float, Field(gt=0, description="Adam's step in the middle of the training")] = 5e-4

    def _made(
        self, n: int, layout: Layout, learnt: Learnt, rng: np.random.Generator
    ) -> tuple[Ints, npt.NDArray[Any]]:
        import torch

        from mintmark.latent._ratio import Ratio, kept
        from mintmark.latent._table_gan import Generator, as_rows
        from mintmark.nn.training import load_arrays, one_thread

        network = Generator(layout, self.noise, self.hidden)
        load_arrays(network, learnt, _NET)
        ratio = Ratio(network.width + len(layout.scored), self.hidden)
        load_arrays(ratio, learnt, _RATIO)
        draws = torch.Generator().manual_seed(int(rng.integers(2**62)))
        passed = torch.from_numpy(np.array(learnt["often"]))
        parts: list[tuple[Ints, npt.NDArray[Any]]] = []
        have = tried = 0
        with torch.no_grad(), one_thread():
            while have < n or not parts:
                stop_if_asked("drawing rows: cancelled.")
                if tried > _ENOUGH_TRIED and have < _LEAST_KEPT * tried:
                    raise RejectedError(
                        f"gan: {have:,} of {tried:,} made rows are likely among real ones, too few to go on. "
                        "Fit with more epochs, or take diffusion or sequential_trees."
                    )
                codes, scores = _rows_of(network, passed, min(_TRIED, 6 * (n - have) + 16), draws)
                seen = as_rows(torch.from_numpy(codes), torch.from_numpy(scores).float(), layout)
                stay = kept(ratio(seen), learnt["ceiling"], draws)
                parts.append((codes[stay], scores[stay]))
                have, tried = have + len(parts[-1][0]), tried + len(codes)
        codes, scores = (np.concatenate([part[k] for part in parts])[:n] for k in range(2))
        return codes, scores

    def scores_rows(self, data: Any) -> Floats:
        """How much likelier each row is among real rows than among made ones, in logarithms, shape (n,).

        Of the classifier by which made rows are kept (Grover et al. 2019): 0 is as likely among both, before
        any are left out. It learnt from rows that were fitted, so that what it says of those is in-sample,
        and the rows of `sample` were chosen by it. A value of a sort that the column never had, such as a
        gap, counts as the nearest sort that it had. A category that the model does not know counts as the
        rest into which rare ones were merged, where there is one; else it speaks for neither side, with a
        warning: the classifier sees in its place all that were learnt, each by its share.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
            With the columns of the fitted data.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        InputError
            If a column is absent, or of a type that cannot be read as the one that was learnt.
        """
        need_torch()
        import torch

        from mintmark.latent._ratio import Ratio
        from mintmark.latent._table_gan import as_rows
        from mintmark.nn.training import applied, load_arrays

        codes, scores, layout = self._understood(data)
        if layout.is_empty:
            return np.zeros(len(codes))
        learnt = self._state().learnt
        often = torch.from_numpy(np.diff(learnt["often"], prepend=0.0)).float()
        network = Ratio(sum(layout.sizes) + len(layout.scored), self.hidden)
        load_arrays(network, learnt, _RATIO)

        def told(some: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
            ratios: torch.Tensor = network(as_rows(some, numbers, layout, often))
            return ratios

        return applied(told, [codes, scores.astype(np.float32)], torch.device("cpu")).astype(np.float64)

    def _understood(self, data: Any) -> tuple[Ints, Floats, Layout]:
        """Codes of given rows, -1 where the model does not know the category, and scores."""
        fitted = self._state()
        learnt, schema = fitted.learnt, Schema.from_json(fitted.learnt["schema"])
        left, strange = without_strange(as_learnt(data, fitted, schema)[1], schema)
        codes, scores = to_rows(encode(left, schema), learnt, schema, None, fitted.provenance["rows"])
        layout = layout_of(learnt, schema)
        for t, j in enumerate(layout.columns):
            if j in strange:
                codes[strange[j], t] = -1
        return codes, scores, layout

    # -- training --------------------------------------------------------------------------------

    def _trained(
        self, codes: Ints, scores: Floats, layout: Layout, rng: np.random.Generator
    ) -> dict[str, Any]:
        import torch

        from mintmark.latent._table_collapse import Modes
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

        def made(n: int, draws: torch.Generator) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
            with torch.no_grad():
                return _rows_of(average, conditions.often, n, draws)

        modes = Modes.of(average, made, looks, codes, scores, layout, rng)
        step = self._step(generator, average, critic, optimizers, conditions, codes, scores)
        done = train_in_rounds(
            torch.nn.ModuleList([generator, average, critic]), optimizers, step, len(codes), rng,
            steps=steps_of(self.epochs, len(codes), _BATCH, _PASSES, _STEPS), batch=self._batch(),
            label="training a GAN", watch=modes, least=self.together,
        )  # fmt: skip
        self._end(modes, done)
        ratio, told = self._ratio(average, conditions, codes, scores, rng)
        return {
            **arrays_of(average, _NET), **ratio, "often": conditions.often.numpy(), "looks": modes.seen,
            "training": [done.record(), told.record()],
        }  # fmt: skip

    def _ratio(
        self, network: Generator, conditions: Conditions, codes: Ints, scores: Floats,
        rng: np.random.Generator,
    ) -> tuple[dict[str, Any], Training]:  # fmt: skip
        """What tells real rows from made ones, and the ratio from which on a made row always stays."""
        import torch

        from mintmark.latent._ratio import learn_ratio
        from mintmark.latent._table_gan import as_rows
        from mintmark.nn.training import applied, arrays_of, one_thread

        draws = torch.Generator().manual_seed(int(rng.integers(2**62)))
        some = rng.permutation(len(codes))[:_COMPARED]
        with torch.no_grad(), one_thread():
            made = _rows_of(network, conditions.often, len(some), draws)
            real, false = (
                as_rows(torch.from_numpy(c), torch.from_numpy(s).float(), network.layout)
                for c, s in ((codes[some], scores[some]), made)
            )
        net, done = learn_ratio(real, false, self.hidden, rng)
        told = applied(net, [false], torch.device("cpu"))
        return {**arrays_of(net, _RATIO), "ceiling": _ceiling(told.astype(np.float64))}, done

    def _batch(self) -> int:
        return _BATCH // self.together * self.together

    def _step(
        self, generator: Generator, average: Generator, critic: Critic,
        optimizers: list[torch.optim.Adam], conditions: Conditions, codes: Ints, scores: Floats,
    ) -> Step:  # fmt: skip
        """Some steps of the critic and one of the generator."""
        import torch

        from mintmark.latent._table_gan import as_rows, penalty, picked, vector_of
        from mintmark.nn.rounds import follow, held_still

        layout = generator.layout
        real_codes, real_scores = torch.from_numpy(codes), torch.from_numpy(scores.astype(np.float32))

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

        def step(some: Ints, taken: int, share: float, draws: torch.Generator) -> dict[str, float]:
            for _ in range(self.critics):
                apart = judged(len(some), draws)
            _, _, vector, noise = asked(len(some), draws)
            logits, numbers = generator(noise, vector)
            with held_still(critic):
                made = picked(logits, numbers, layout, draws)
                fooled = critic(critic.packed(torch.cat([made, vector], dim=1))).mean()
                missed = _missed(logits, vector, layout)
                _stepped(optimizers[0], missed - fooled)
            follow(average, generator, taken, _DECAY)
            return {"distance": float(apart.detach()), "missed": float(missed.detach())}

        return step

    def _end(self, modes: Modes, done: Training) -> None:
        """Leave the weights whose rows were closest, and warn if training ended in a collapse."""
        from mintmark.nn.training import one_thread

        with one_thread():
            collapsed = modes.look(done.at[-1])
        modes.network.load_state_dict(modes.best)
        done.watch([int(one["steps"]) for one in modes.seen], [one["pairs_off"] for one in modes.seen])
        if collapsed:
            found = modes.seen[-1]
            warn(
                f"the GAN makes few kinds of rows over and over: {found['covered']:.0%} of the frequent "
                f"values, {found['distinct']:.0%} as many different rows as real ones, frequencies off by "
                f"{found['off']:.0%}. The best weights before that are kept. Give a lower rate, more epochs "
                "or more rows together, or use diffusion or sequential_trees.",
                stacklevel=4,
            )


def _ceiling(ratios: Floats) -> float:
    """The ceiling at which about a fifth of the rows is kept."""
    low, high = float(ratios.min()), float(ratios.max()) + 5.0
    for _ in range(40):
        middle = (low + high) / 2
        share = np.exp(np.minimum(ratios - middle, 0.0)).mean()
        low, high = (middle, high) if share > _ACCEPTED else (low, middle)
    return high


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


def _rows_of(
    network: Generator, passed: torch.Tensor, n: int, draws: torch.Generator
) -> tuple[Ints, npt.NDArray[Any]]:
    """Codes and scores of n made rows, values asked for as often as in real ones; NaN where none counts."""
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
