"""A conditional generative adversarial network of images, watched for collapse."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.latent._image_synthesizer import ImageSynthesizer, Pictures, halvings_of
from mintmark.latent._need import need_torch
from mintmark.method import method
from mintmark.progress import warn
from mintmark.synthesizer import Learnt

if TYPE_CHECKING:
    import torch

    from mintmark.latent._image_collapse import Watcher
    from mintmark.latent._image_gan import Discriminator, Generator
    from mintmark.nn.record import Training
    from mintmark.nn.rounds import Step

__all__ = ["ImageGan"]

_GENERATOR, _CRITIC = "generator.", "discriminator."
_FEW = 20_000  # images below which the discriminator would learn them by heart
_DECAY = 0.998
_CLASS = 0.2  # weight of being of the class told, beside looking real


@method
class ImageGan(ImageSynthesizer):
    """Conditional GAN (Goodfellow et al. 2014; Mirza, Osindero 2014) for images of 8 to 128 pixels a side.

    Hinge loss (Lim, Ye 2017), a discriminator with spectral norms and a projection of the class (Miyato et
    al. 2018), a generator with class norms whose weights are averaged over the steps (Yazıcı et al. 2019),
    and, of few images, differentiable augmentation (Zhao et al. 2020).

    Every 200 steps new images are held against real ones; where they are few kinds over and over, training
    ends with the best weights before, and a warning. There is no guarantee that every kind of picture is
    made.
    """

    block: ClassVar[int] = 256

    noise: Annotated[int, Field(ge=1, le=1024, description="numbers a picture is made from")] = 64
    filters: Annotated[int, Field(ge=1, le=256, description="of the first convolution")] = 32
    steps: Annotated[int, Field(ge=1, description="batches that are learnt from")] = 10_000
    batch: Annotated[int, Field(ge=2, le=1024, description="images of a batch")] = 64
    rate: Annotated[float, Field(gt=0, description="Adam's step in the middle of the training")] = 1e-3
    augment: Annotated[
        bool | None,
        Field(description="show the discriminator moved images; by default of fewer than 20,000"),
    ] = None

    def _step_of(self, height: int, width: int) -> int:
        return int(2 ** halvings_of(height, width))

    def _trained(self, pictures: Pictures, rng: np.random.Generator) -> dict[str, Any]:
        import torch

        from mintmark.latent._image_gan import Discriminator, Generator
        from mintmark.nn.rounds import train_in_rounds
        from mintmark.nn.training import arrays_of, device_of, seeded

        channels, height, width = pictures.pixels.shape[1:]
        halvings, device = halvings_of(height, width), device_of()
        settings = {
            "channels": channels, "height": height, "width": width, "halvings": halvings,
            "filters": self.filters, "noise": self.noise,
        }  # fmt: skip
        with seeded(rng):
            generator = Generator(**settings, classes=pictures.classes).to(device)
            critic = Discriminator(channels, halvings, self.filters, pictures.classes).to(device)
        average = copy.deepcopy(generator).requires_grad_(False)
        optimizers = [
            torch.optim.Adam(network.parameters(), lr=self.rate, betas=(0.5, 0.99))
            for network in (generator, critic)
        ]
        watcher = self._watcher(average, pictures, device, rng)
        step = self._step(generator, average, critic, optimizers, pictures, device)
        done = train_in_rounds(
            torch.nn.ModuleList([generator, average, critic]), optimizers, step, len(pictures.labels), rng,
            steps=self.steps, batch=min(self.batch, len(pictures.labels)), label="training a GAN",
            watch=watcher,
        )  # fmt: skip
        _end(watcher, done)
        return {
            **arrays_of(average, _GENERATOR), **arrays_of(critic, _CRITIC), "network": settings,
            "looks": watcher.seen, "training": [done.record()],
        }  # fmt: skip

    def _watcher(
        self, average: Generator, pictures: Pictures, device: torch.device, rng: np.random.Generator
    ) -> Watcher:
        import torch

        from mintmark.latent._image_collapse import Watcher
        from mintmark.latent._image_gan import settle

        noises = torch.Generator().manual_seed(int(rng.integers(2**62)))

        def made(labels: npt.NDArray[np.int64], draws: torch.Generator) -> torch.Tensor:
            """Of averaged weights, their batch norms measured on pictures of these labels."""

            def some() -> torch.Tensor:
                noise = torch.randn((len(labels), self.noise), generator=draws).to(device)
                images: torch.Tensor = average(noise, torch.from_numpy(labels).to(device))
                return images

            settle(average, some)
            with torch.no_grad():
                return some()

        return Watcher.of(average, made, noises, torch.from_numpy(pictures.pixels), pictures.labels, rng)

    def _step(
        self, generator: Generator, average: Generator, critic: Discriminator,
        optimizers: list[torch.optim.Adam], pictures: Pictures, device: torch.device,
    ) -> Step:  # fmt: skip
        """One step of the discriminator and one of the generator, by the hinge loss."""
        import torch

        from mintmark.latent._image_gan import augmented
        from mintmark.nn.rounds import follow, held_still

        pixels, classes = torch.from_numpy(pictures.pixels), torch.from_numpy(pictures.labels)
        moves = len(pixels) < _FEW if self.augment is None else self.augment

        def seen(
            images: torch.Tensor, labels: torch.Tensor, draws: torch.Generator
        ) -> tuple[torch.Tensor, torch.Tensor]:
            told: tuple[torch.Tensor, torch.Tensor] = critic(
                augmented(images, draws) if moves else images, labels
            )
            return told

        def step(
            some: npt.NDArray[np.int64], taken: int, share: float, draws: torch.Generator
        ) -> dict[str, float]:
            rows = torch.from_numpy(some)
            images, labels = pixels[rows].to(device).float() / 127.5 - 1, classes[rows].to(device)
            noise = torch.randn((len(rows), self.noise), generator=draws).to(device)
            made = generator(noise, labels)
            (real, strange), (false, _) = seen(images, labels, draws), seen(made.detach(), labels, draws)
            loss = (1 - real).relu().mean() + (1 + false).relu().mean()
            _stepped(optimizers[1], loss + strange)
            with held_still(critic):
                scores, odd = seen(made, labels, draws)
                fooled = -scores.mean()
                _stepped(optimizers[0], fooled + _CLASS * odd)
            follow(average, generator, taken, _DECAY)
            return {"discriminator": float(loss.detach()), "generator": float(fooled.detach())}

        return step

    def _made(
        self, labels: npt.NDArray[np.int64], learnt: Learnt, rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        import torch

        from mintmark.latent._image_gan import Generator
        from mintmark.nn.training import applied, load_arrays

        network = Generator(**learnt["network"], classes=learnt["about"]["classes"])
        load_arrays(network, learnt, _GENERATOR)
        noise = rng.standard_normal((len(labels), network.noise), dtype=np.float32)
        return applied(network, [noise, labels], torch.device("cpu"))

    def scores_rows(self, data: Any) -> npt.NDArray[np.float64]:
        """How real the discriminator finds each picture with its class, shape (n,): higher is more real.

        A margin (about 1 for real and -1 for made ones while it learns) and no probability. It learnt
        together with the generator, from pictures that were fitted, so that what it says of those is
        in-sample; after a collapse it is the one of the end, not of the weights that were kept.

        Parameters
        ----------
        data : Dataset, or a table that `mintmark.read` takes
            With the columns of the fitted data.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        InputError
            If a column is absent, a class was never learnt, or pictures have another size.
        """
        need_torch()
        import torch

        from mintmark.latent._image_gan import Discriminator
        from mintmark.nn.training import applied, load_arrays

        learnt = self._state().learnt
        images, labels = self._understood(data)
        network = Discriminator(
            learnt["network"]["channels"], learnt["network"]["halvings"], learnt["network"]["filters"],
            learnt["about"]["classes"],
        )  # fmt: skip
        load_arrays(network, learnt, _CRITIC)

        def told(some: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = network(some.float() / 127.5 - 1, classes)[0]
            return scores

        return applied(told, [images, labels], torch.device("cpu")).astype(np.float64)


def _stepped(optimizer: torch.optim.Adam, loss: torch.Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships it so
    optimizer.step()


def _end(watcher: Watcher, done: Training) -> None:
    """Leave the averaged weights as they are or, after a collapse, as they were best."""
    from mintmark.nn.training import one_thread

    with one_thread():
        collapsed = done.ended == "watched" or watcher.look(done.at[-1])
        done.watch([int(one["steps"]) for one in watcher.seen], [one["distance"] for one in watcher.seen])
        if not collapsed:
            done.best = None
        else:
            watcher.network.load_state_dict(watcher.best)
            _warn_of_collapse(watcher.seen[-1])


def _warn_of_collapse(found: dict[str, float]) -> None:
    warn(
        f"the GAN makes few kinds of pictures over and over: two of a class differ {found['variety']:.0%} as "
        f"much as real ones, {found['distinct']:.0%} as many real ones are nearest to some. The best weights "
        "before that are kept. Give a lower rate=..., more pictures or augment=True, or use image_diffusion.",
        stacklevel=2,
    )
