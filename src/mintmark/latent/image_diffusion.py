"""A conditional diffusion model of images: noise is taken off step by step."""

from __future__ import annotations

import copy
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mintmark.latent._image_synthesizer import ImageSynthesizer, Pictures
from mintmark.method import method
from mintmark.synthesizer import Learnt

__all__ = ["ImageDiffusion"]

_NETWORK = "network."
_GUIDED = (0.25, 0.85)
"""Times between which guidance acts: before, it takes variety away, and after it nothing is decided any more
(Kynkäänniemi et al. 2024, "Applying guidance in a limited interval")."""
_UNTOLD = 0.1  # share of pictures whose class is kept from the network, for guidance


@method
class ImageDiffusion(ImageSynthesizer):
    """Denoising diffusion (Ho, Jain, Abbeel 2020, arXiv 2006.11239) for images of 8 to 128 pixels a side.

    A U-Net, told the class and how much noise there is, learns the velocity between picture and noise
    (Salimans, Ho 2022) under a cosine schedule (Nichol, Dhariwal 2021); its weights are averaged over the
    steps. Pictures are made of noise in few deterministic steps (DDIM, Song, Meng, Ermon 2021). `guidance`
    above 1 makes them clearer examples of their class and less varied (Ho, Salimans 2022, classifier-free),
    at twice the time.

    The slowest of the three methods of images; after few minutes on a CPU `image_vae` is better.
    """

    block: ClassVar[int] = 64

    filters: Annotated[
        int, Field(ge=8, le=256, multiple_of=8, description="of the first level; others have twice as many")
    ] = 32
    steps: Annotated[int, Field(ge=1, description="batches that are learnt from")] = 6_000
    batch: Annotated[int, Field(ge=2, le=1024, description="images of a batch")] = 64
    rate: Annotated[float, Field(gt=0, description="Adam's step in the middle of the training")] = 1e-3
    denoising: Annotated[int, Field(ge=1, le=1000, description="steps from noise to a picture")] = 25
    guidance: Annotated[
        float, Field(ge=0, le=20, description="how far the class is stressed; 1 is as it was learnt")
    ] = 1.0

    def _step_of(self, height: int, width: int) -> int:
        from mintmark.latent._image_diffusion import levels_of

        patch, halvings = levels_of(height, width)
        return int(patch * 2**halvings)

    def _trained(self, pictures: Pictures, rng: np.random.Generator) -> dict[str, Any]:
        import torch

        from mintmark.latent._image_diffusion import UNet, levels_of, noised, velocity
        from mintmark.nn.rounds import follow, train_in_rounds
        from mintmark.nn.training import arrays_of, device_of, seeded

        channels, height, width = pictures.pixels.shape[1:]
        patch, halvings = levels_of(height, width)
        settings = {"channels": channels, "patch": patch, "halvings": halvings, "filters": self.filters}
        device = device_of()
        with seeded(rng):
            network = UNet(**settings, classes=pictures.classes).to(device)
        average = copy.deepcopy(network).requires_grad_(False)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.rate, betas=(0.9, 0.99))
        pixels, classes = torch.from_numpy(pictures.pixels), torch.from_numpy(pictures.labels)

        def step(
            some: npt.NDArray[np.int64], taken: int, share: float, draws: torch.Generator
        ) -> dict[str, float]:
            rows = torch.from_numpy(some)
            images = pixels[rows].to(device).float() / 127.5 - 1
            noise = torch.randn(images.shape, generator=draws).to(device)
            # one time in each part of 0 to 1: the loss varies less (Kingma et al. 2021, appendix I)
            times = (torch.arange(len(rows)) + torch.rand(1, generator=draws)) / len(rows)
            hidden = torch.rand(len(rows), generator=draws) < _UNTOLD
            labels = torch.where(hidden, pictures.classes, classes[rows]).to(device)
            times = times.to(device)
            told = network(noised(images, noise, times), times, labels)
            loss = torch.nn.functional.mse_loss(told, velocity(images, noise, times))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships it so
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            follow(average, network, taken)
            return {"loss": float(loss.detach())}

        done = train_in_rounds(
            torch.nn.ModuleList([network, average]), [optimizer], step, len(pixels), rng, steps=self.steps,
            batch=min(self.batch, len(pixels)), label="training a diffusion model",
        )  # fmt: skip
        return {**arrays_of(average, _NETWORK), "network": settings, "training": [done.record()]}

    def _made(
        self, labels: npt.NDArray[np.int64], learnt: Learnt, rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        import torch

        from mintmark.latent._image_diffusion import UNet, sampled
        from mintmark.nn.training import load_arrays, one_thread

        about, step = learnt["about"], self._step_of(learnt["about"]["height"], learnt["about"]["width"])
        network = UNet(**learnt["network"], classes=about["classes"])
        load_arrays(network, learnt, _NETWORK)
        sides = [side + -side % step for side in (about["height"], about["width"])]
        noise = torch.from_numpy(
            rng.standard_normal((len(labels), about["channels"], *sides), dtype=np.float32)
        )
        told = torch.from_numpy(labels)

        def predict(images: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
            known: torch.Tensor = network(images, times, told)
            if self.guidance == 1 or not _GUIDED[0] < float(times[0]) < _GUIDED[1]:
                return known
            untold = network(images, times, torch.full_like(told, about["classes"]))
            return torch.lerp(untold, known, self.guidance)

        with torch.no_grad(), one_thread():
            made: npt.NDArray[np.float32] = sampled(noise, self.denoising, predict).numpy()
        return made
