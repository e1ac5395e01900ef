"""Frozen modules in training: what they make of a text, picture or video is made once, ahead of all steps.

A module that nothing trains, and that knows no chance, says the same of a content in every step. Where the
first modules of a tower hold still so, a batch is gathered from what they have said, and training starts
behind them: `passing_still_modules` lets features through that say how many modules they have passed. The
model itself stays as it is, and so does what is saved of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, distributed, nn

from isoglot.batches.contents import distinct_contents
from isoglot.batches.kept import kept_table
from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.subwords import Features

PASSED = "passed"
"""Feature that tells how many modules are still to pass, and what the last of them calls its vectors."""
CARRIED = "input_features"
"""Feature that carries vectors to where training starts; the trainer knows model input by such names."""
_VECTORS = ("sentence_embedding", "token_embeddings")
_CHUNK = 64


def hold_still(module: Any) -> None:
    """Takes a module out of training; it says so from now on, and dropout and batch statistics rest in it.

    Args:
        module: Any module.
    """
    module.requires_grad_(False).eval()
    if not getattr(module, "holds_still", False):
        module.holds_still = True
        module.register_forward_pre_hook(_rest)


def _rest(module: nn.Module, _: Any) -> None:
    """Before a module is used: a trainer may have set it to training."""
    if module.training and holds_still(module):
        module.eval()


def holds_still(module: nn.Module) -> bool:
    """Whether a module says that training makes no difference to it, and nothing in it is trained."""
    said = bool(getattr(module, "holds_still", False))
    return said and not any(parameter.requires_grad for parameter in module.parameters())


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """What the frozen modules of a tower say of the contents of a table.

    Attributes:
        vectors: (vectors, width), in a file without name that goes with it.
        indptr: (contents + 1,) where the vectors of each content begin and end.
        places: (rows,) which content each row of the table has; -1 where it has none.
        name: What the modules call the vectors; one a content, unless they are those of tokens or frames.
        num_passed: How many modules have been at work.
        rest: What the model is told beside the vectors, such as the medium.
    """

    vectors: npt.NDArray[np.float32]
    indptr: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    name: str
    num_passed: int
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order."""
        contents = self.places[rows]
        starts = self.indptr[contents]
        told = {**self.rest, PASSED: (self.num_passed, self.name)}
        if self.name == "sentence_embedding":
            return {CARRIED: torch.from_numpy(self.vectors[starts]), **told}
        counts = self.indptr[contents + 1] - starts
        mask = np.arange(counts.max()) < counts[:, None]
        padded = np.zeros((*mask.shape, self.vectors.shape[1]), np.float32)
        padded[mask] = self.vectors[(starts[:, None] + np.arange(mask.shape[1]))[mask]]
        tensors = {CARRIED: padded, "attention_mask": mask.astype(np.int64)}
        return {key: torch.from_numpy(array) for key, array in tensors.items()} | told


def feature_table(
    model: SentenceTransformer,
    side: str,
    modality: str,
    contents: Sequence[str],
    preprocess: Callable[[list[str]], Features],
    rows: Rows,
    num_rows: int,
) -> FeatureTable | None:
    """Runs the frozen modules of a tower over the contents of a table, each content once.

    Where processes train together, each runs them over its share, and they exchange what came out.

    Args:
        model: Encodes the medium.
        side: Whether these are queries or documents.
        modality: The medium.
        contents: (n,) text or file of each row.
        preprocess: Model input of some of the contents.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the first modules of the tower do not hold still as far as to give vectors.

    Raises:
        CorpusError: If a file cannot be read.
    """
    modules = still_modules(model, side, modality)
    if not modules:
        return None

    def parts() -> Iterator[bytes]:
        yield from (side.encode(), modality.encode(), str(num_rows).encode(), rows.tobytes())
        for module in modules:
            yield repr(module).encode()
            yield from map(_bytes, module.state_dict().values())
        yield from (_identity(content, modality) for content in contents)

    return kept_table(
        FeatureTable,
        parts,
        lambda: _encode_all(model, modules, modality, contents, preprocess, rows, num_rows),
    )


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def _identity(content: str, modality: str) -> bytes:
    """What tells a content from others; of a file, name, size and time, for to read all files takes long."""
    if modality == "text":
        return content.encode(errors="surrogatepass")
    stat = Path(content).stat()
    return f"{content}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()


def _encode_all(
    model: SentenceTransformer,
    modules: Sequence[nn.Module],
    modality: str,
    contents: Sequence[str],
    preprocess: Callable[[list[str]], Features],
    rows: Rows,
    num_rows: int,
) -> FeatureTable | None:
    # Neighbours of one length, so that little is computed of padding; files as they come.
    key = len if modality == "text" else None
    distinct, places = distinct_contents(contents, rows, num_rows, key=key)
    chunks = [distinct[start : start + _CHUNK] for start in range(0, len(distinct), _CHUNK)]
    encode = partial(_encode, modules, model.device, preprocess)
    if encode(distinct[:1]) is None:
        return None
    with tempfile.TemporaryFile() as file:
        counts, width, name = _write(file, _in_turn(chunks, encode))
        indptr = np.concatenate([[0], np.cumsum(counts)])
        # The map keeps the file, which has no name any more.
        vectors = np.memmap(file, np.float32, "r", shape=(int(indptr[-1]), width))
    rest = {key: value for key, value in preprocess(distinct[:1]).items() if not isinstance(value, Tensor)}
    return FeatureTable(vectors, indptr, places, name, len(modules), rest)


def still_modules(model: SentenceTransformer, side: str, modality: str) -> list[nn.Module]:
    """The modules of a tower that hold still, from its first to before the first that does not.

    Args:
        model: The model.
        side: Whether it encodes queries or documents.
        modality: The medium.

    Returns:
        The modules, in the order in which they are at work.
    """
    from sentence_transformers.sentence_transformer.modules import Router

    first = model[0]
    chain: Any = model
    if isinstance(first, Router):
        route = first._resolve_route(task=side, modality=modality)
        assert route is not None  # it raises where there is none
        chain = first.sub_modules[route]
    return list(takewhile(holds_still, chain))


@contextmanager
def passing_still_modules(model: nn.Module) -> Iterator[None]:
    """Within the context, features that come from a `FeatureTable` pass the modules that made them.

    Args:
        model: Any model; its other inputs are encoded as ever.

    Yields:
        Nothing.
    """
    found = [(module, vars(module).get("forward")) for module in model.modules() if holds_still(module)]
    for module, _ in found:
        module.forward = partial(_pass_or_run, module.forward)
    try:
        yield
    finally:
        for module, forward in found:
            del module.forward  # which is that of its class again
            if forward is not None:
                module.forward = forward


def _pass_or_run(run: Callable[..., Features], features: Features, *args: Any, **kwargs: Any) -> Features:
    left, name = features.get(PASSED, (0, ""))
    if not left:
        return run(features, *args, **kwargs)
    if CARRIED in features:
        features[name] = features.pop(CARRIED)
    features[PASSED] = (left - 1, name)
    return features


@dataclass(frozen=True, eq=False)
class _Said:
    """What frozen modules say of a chunk of contents.

    Attributes:
        name: What they call the vectors.
        vectors: (vectors, width) on the CPU.
        counts: (contents,) vectors of each content.
    """

    name: str
    vectors: Tensor
    counts: Tensor


@torch.inference_mode()
def _encode(
    modules: Sequence[nn.Module],
    device: torch.device,
    preprocess: Callable[[list[str]], Features],
    contents: list[str],
) -> _Said | None:
    """What frozen modules say; None if that is no vectors yet."""
    features: Mapping[str, Any] = {
        key: value.to(device) if isinstance(value, Tensor) else value
        for key, value in preprocess(contents).items()
    }
    told = {key: features.get(key) for key in ("task", "modality")}
    for module in modules:
        wanted = getattr(module, "forward_kwargs", ())
        features = module.eval()(dict(features), **{key: told[key] for key in wanted if key in told})
    name = next((name for name in _VECTORS if name in features), None)
    if name is None:
        return None
    vectors = features[name].float()
    if vectors.ndim == 2:
        return _Said(name, vectors.cpu(), torch.ones(len(vectors), dtype=torch.int64))
    mask = features.get("attention_mask", torch.ones(vectors.shape[:2], device=device)).bool()
    return _Said(name, vectors[mask].cpu(), mask.sum(dim=1).cpu())


def _in_turn(
    chunks: Sequence[list[str]], encode: Callable[[list[str]], _Said | None]
) -> Iterator[_Said | None]:
    """What is said of every chunk, in their order; processes that train together take turns."""
    if not (distributed.is_available() and distributed.is_initialized()):
        yield from map(encode, chunks)
        return
    own, count = distributed.get_rank(), distributed.get_world_size()
    for start in range(0, len(chunks), count):
        mine = encode(chunks[start + own]) if start + own < len(chunks) else None
        for owner in range(min(count, len(chunks) - start)):
            yield _shared(mine if owner == own else None, owner)


def _shared(said: _Said | None, owner: int) -> _Said:
    """What one process says, for all of them."""
    device = (
        torch.device("cuda", torch.cuda.current_device()) if distributed.get_backend() == "nccl" else None
    )
    shape = torch.zeros(4, dtype=torch.int64)
    if said is not None:
        shape = torch.tensor([_VECTORS.index(said.name), *said.vectors.shape, len(said.counts)])
    shape = shape.to(device)
    distributed.broadcast(shape, owner)
    number, num_vectors, width, num_contents = shape.tolist()
    vectors = torch.empty(num_vectors, width) if said is None else said.vectors
    counts = torch.empty(num_contents, dtype=torch.int64) if said is None else said.counts
    parts = [part.to(device).contiguous() for part in (vectors, counts)]
    for part in parts:
        distributed.broadcast(part, owner)
    return _Said(_VECTORS[number], parts[0].cpu(), parts[1].cpu())


def _write(file: IO[bytes], parts: Iterable[_Said | None]) -> tuple[npt.NDArray[np.int64], int, str]:
    """Writes vectors one after another; number of vectors of each content, their width and name."""
    counts = []
    width, name = 0, ""
    for part in parts:
        assert part is not None  # as the first content has shown
        file.write(part.vectors.numpy().tobytes())
        counts.append(part.counts.numpy())
        width, name = part.vectors.shape[1], part.name
    file.flush()
    return np.concatenate(counts), width, name
