"""Features of photographs without a pretrained network: where which patches of a learnt dictionary are seen.

After Coates, Lee and Ng (2011, "An analysis of single-layer networks in unsupervised feature learning"):
patches of contrast 1 are whitened, k-means on the sphere finds a dictionary of them, and a photograph is how
strongly each word is seen in each field of a grid. Here the square roots of that are brought to mean 0 and
variance 1, and their main axes taken. Everything is learnt from the photographs of training alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from isoglot.files import whole_file
from isoglot.media.pictures import open_picture

_CHUNK = 32
_CONTRAST_FLOOR = 10.0
_WHITENING_FLOOR = 0.1
_THRESHOLD = 0.5
_TINY = 1e-6


@dataclass(frozen=True)
class PatchSettings:
    """How photographs become features.

    Attributes:
        side: Pixels that photographs are brought to, each way.
        patch: Pixels of a patch, each way.
        stride: Pixels from one patch to the next.
        words: Patches of the dictionary.
        grid: Fields of a photograph, each way.
        width: Main axes that are kept.
        sampled: Patches that whitening and dictionary are learnt from.
        rounds: Of k-means.
        seed: Of everything drawn.
    """

    side: int = 48
    patch: int = 6
    stride: int = 2
    words: int = 800
    grid: int = 3
    width: int = 256
    sampled: int = 100_000
    rounds: int = 10
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Dictionary:
    """What was learnt of patches.

    Attributes:
        mean: (patch,) of all.
        whitening: (patch, patch) that makes their covariance the identity, nearly.
        words: (words, patch) of length 1, whitened.
    """

    mean: Tensor
    whitening: Tensor
    words: Tensor


def write_features(
    files: Sequence[Path], trained: Sequence[bool], target: Path, settings: PatchSettings
) -> None:
    """Writes the features of photographs, each under the name of its file, as one archive of NumPy.

    Args:
        files: (n,) photographs.
        trained: (n,) whether each belongs to the training data.
        target: The archive, `.npz`; it appears complete or not at all.
        settings: How.
    """
    pixels = torch.stack([_pixels(file, settings.side) for file in files])
    chosen = torch.tensor(trained)
    dictionary = learn_dictionary(pixels[chosen], settings)
    seen = torch.cat([_seen(chunk, dictionary, settings) for chunk in pixels.split(_CHUNK)])
    features = main_axes(seen, chosen, settings).numpy()
    with whole_file(target) as stream:
        np.savez(stream, **{file.name: vector for file, vector in zip(files, features, strict=True)})


def _pixels(file: Path, side: int) -> Tensor:
    """(3, side, side) from 0 to 255; proportions give way."""
    small = open_picture(file).resize((side, side), resample=2)  # bilinear, over all pixels that meet
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)


def _patches(pixels: Tensor, settings: PatchSettings) -> Tensor:
    """(photographs, places, 3 * patch * patch) of mean 0 and contrast 1, or less where there is little."""
    cut = functional.unfold(pixels.float(), settings.patch, stride=settings.stride).transpose(1, 2)
    return (cut - cut.mean(-1, keepdim=True)) / (cut.var(-1, keepdim=True) + _CONTRAST_FLOOR).sqrt()


def learn_dictionary(pixels: Tensor, settings: PatchSettings) -> Dictionary:
    """Whitening and words from patches drawn out of photographs of training.

    Args:
        pixels: (n, 3, side, side) photographs.
        settings: How.

    Returns:
        The dictionary.
    """
    draw = torch.Generator().manual_seed(settings.seed)
    each = -(-settings.sampled // len(pixels))
    drawn = []
    for chunk in pixels.split(_CHUNK):
        cut = _patches(chunk, settings)
        places = torch.randint(cut.shape[1], (len(cut), each), generator=draw)
        drawn.append(cut.gather(1, places[..., None].expand(-1, -1, cut.shape[2])).flatten(0, 1))
    patches = torch.cat(drawn)
    mean = patches.mean(0)
    spread, axes = torch.linalg.eigh(torch.cov((patches - mean).T))
    whitening = axes @ torch.diag((spread.clamp_min(0) + _WHITENING_FLOOR).rsqrt()) @ axes.T
    return Dictionary(mean, whitening, _words((patches - mean) @ whitening, settings, draw))


def _words(patches: Tensor, settings: PatchSettings, draw: torch.Generator) -> Tensor:
    """(words, patch) by k-means on the sphere; a word that no patch is nearest to is drawn anew."""
    words = functional.normalize(patches[torch.randperm(len(patches), generator=draw)[: settings.words]])
    for _ in range(settings.rounds):
        strength, nearest = (patches @ words.T).max(1)
        sums = torch.zeros_like(words).index_add_(0, nearest, patches * strength[:, None])
        lost = sums.norm(dim=1) < _TINY
        sums[lost] = patches[torch.randint(len(patches), (int(lost.sum()),), generator=draw)]
        words = functional.normalize(sums)
    return words


def _seen(pixels: Tensor, dictionary: Dictionary, settings: PatchSettings) -> Tensor:
    """(photographs, words * grid * grid): how strongly each word is seen in each field, on average."""
    cut = (_patches(pixels, settings) - dictionary.mean) @ dictionary.whitening
    seen = (cut @ dictionary.words.T - _THRESHOLD).clamp_min_(0).transpose(1, 2)
    places = (settings.side - settings.patch) // settings.stride + 1
    maps = seen.reshape(len(pixels), len(dictionary.words), places, places)
    return functional.adaptive_avg_pool2d(maps, settings.grid).flatten(1)


def main_axes(seen: Tensor, trained: Tensor, settings: PatchSettings) -> Tensor:
    """Square roots, brought to mean 0 and variance 1, in the main axes of the photographs of training.

    Args:
        seen: (n, values) not negative; changed in place.
        trained: (n,) which of them are of the training data.
        settings: How.

    Returns:
        (n, width) of variance 1 on average.
    """
    roots = seen.sqrt_()
    roots = (roots - roots[trained].mean(0)) / (roots[trained].std(0) + 1e-4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        axes = torch.svd_lowrank(roots[trained], settings.width, niter=2)[2]
    features = roots @ axes
    return features / features[trained].std()
