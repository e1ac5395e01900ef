"""Time of work on media against that of the libraries underneath alone, doing as much as must be done.

    python benchmarks/media.py [--medium image video audio] [--repeats N] [--rounds N] [--steps N]

Every measure is a ratio of what was taken in turns, the quickest of some runs or the median of some steps:

    decoding    eight frames, evenly spaced, of a clip that has one key frame and of a long video that has
                many; half a minute of MP3 in stereo, brought to one channel at 16 kHz. Against PyAV, told
                beforehand which frames are wanted: it decodes a clip from its start to the last of them, and
                jumps about in the long video. At most 1.3 for videos.
    training    steps a second of `fit` with a tower of each medium beside one of texts, against a loop that
                has nothing but the same batches, all made before it starts, the model, cross-entropy,
                clipping and AdamW. At least 0.9.
    loading     seconds that a batch of that training takes to be gathered, in the training's own process and
                with two workers, against those of a step of the bare loop. Below 1, and it can keep up.
    encoding    files a second of `embed`, against a loop that opens them by Pillow or PyAV, and gives them to
                the model's processor and network. At least 0.9.
"""

from __future__ import annotations

import argparse
import copy
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import torch
from PIL import Image

from isoglot.batches import Hybrid, PairBatchSampler, training_pairs
from isoglot.batches.collation import PairBatches, PairCollator
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_audio_tower,
    build_image_tower,
    build_transformer_encoder,
    build_video_tower,
    join_towers,
    train_subwords,
)
from isoglot.media.audio import read_waveform
from isoglot.media.video import read_frames, spread
from isoglot.retrieval import embed
from isoglot.training import TrainingSettings
from training_overhead import Clock, Setting, trainer_steps

Medium = Literal["image", "video", "audio"]

NUM_FRAMES = 8
CLIP_FRAMES, LONG_FRAMES = 64, 1_500
LONG_GOP = 250
"""As x264 sets key frames unless it is told otherwise."""
HEIGHT, WIDTH = 240, 320
SOUND_SECONDS, SOUND_RATE, HEARD_RATE = 30, 44_100, 16_000
NUM_FILES = 128
ENCODED_AT_ONCE = 32
BATCH_SIZE: dict[Medium, int] = {"image": 32, "video": 8, "audio": 16}
ENDINGS: dict[Medium, str] = {"image": "jpg", "video": "mp4", "audio": "mp3"}


def write_video(path: Path, num_frames: int, gop: int) -> None:
    """A video of noise that drifts, as costly to decode as one of nature."""
    ground = np.random.default_rng(0).integers(256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)
    ground = np.repeat(np.repeat(ground[::8, ::8], 8, axis=0), 8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": str(gop), "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for number in range(num_frames):
            pixels = np.ascontiguousarray(np.roll(ground, 2 * number, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def decode_clip(path: str | Path) -> list[Any]:
    """The frames by PyAV alone, from the start."""
    wanted = set(spread(CLIP_FRAMES, NUM_FRAMES).tolist())
    found: list[Any] = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == len(wanted):
                break
    return found


def decode_long(path: Path, times: list[int]) -> list[Any]:
    """The frames by PyAV alone, each from the key frame before it."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for wanted in times:
            container.seek(wanted, stream=stream)
            frames = container.decode(stream)
            frame = next(frame for frame in frames if frame.pts is not None and frame.pts >= wanted)
            found.append(frame.to_ndarray(format="rgb24"))
    return found


def seconds(run: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int) -> float:
    """Share of our time in the peer's: the quickest of some runs of each, in turns."""
    runs = [(seconds(ours), seconds(peer)) for _ in range(repeats)]
    quickest, quickest_peer = map(min, zip(*runs, strict=True))
    return quickest / quickest_peer


def write_sound(path: Path, num_seconds: int) -> None:
    """Noise in two channels."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, num_seconds * SOUND_RATE)).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=SOUND_RATE, layout="stereo")
        for start in range(0, noise.shape[1], 1_152):
            piece = np.ascontiguousarray(noise[:, start : start + 1_152])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.rate = SOUND_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def decode_sound(path: str | Path) -> Any:
    """The sound by PyAV alone, which mixes channels by its own weights."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=HEARD_RATE)
    with av.open(str(path)) as container:
        pieces = [each for frame in container.decode(audio=0) for each in resampler.resample(frame)]
        return np.concatenate([each.to_ndarray()[0] for each in [*pieces, *resampler.resample(None)]])


def measure_video_decoding(folder: Path, repeats: int) -> Iterator[str]:
    """A line for each measure."""
    clip, long = folder / "clip.mp4", folder / "long.mp4"
    write_video(clip, CLIP_FRAMES, CLIP_FRAMES)
    write_video(long, LONG_FRAMES, LONG_GOP)
    with av.open(str(long)) as container:
        every = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    times = [every[number] for number in spread(LONG_FRAMES, NUM_FRAMES)]
    for name, path, peer in (
        (f"clip of {CLIP_FRAMES} frames, one key frame", clip, lambda: decode_clip(clip)),
        (
            f"video of {LONG_FRAMES:,} frames, a key frame in {LONG_GOP}",
            long,
            lambda: decode_long(long, times),
        ),
    ):
        assert np.array_equal(read_frames(path, NUM_FRAMES), np.stack(peer()))
        share = ratio(lambda path=path: read_frames(path, NUM_FRAMES), peer, repeats)  # type: ignore[misc]
        yield f"decoding, {name}: {share:.2f} of the time of PyAV alone"


def measure_sound_decoding(folder: Path, repeats: int) -> Iterator[str]:
    """A line for each measure."""
    path = folder / "sound.mp3"
    write_sound(path, SOUND_SECONDS)
    assert np.abs(len(read_waveform(path, HEARD_RATE)) - len(decode_sound(path))) <= 1
    share = ratio(lambda: read_waveform(path, HEARD_RATE), lambda: decode_sound(path), repeats)
    yield f"decoding, {SOUND_SECONDS} seconds of MP3: {share:.2f} of the time of PyAV alone"


DECODING = {"video": measure_video_decoding, "audio": measure_sound_decoding}


def build_corpus(medium: Medium, folder: Path) -> ParallelCorpus:
    """Captions in two languages of as many files, which are alike but for their names."""
    first = folder / f"0.{ENDINGS[medium]}"
    if medium == "image":
        pixels = np.random.default_rng(0).integers(256, size=(12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((500, 375), Image.Resampling.BICUBIC).save(first, quality=90)
    elif medium == "video":
        write_video(first, CLIP_FRAMES, CLIP_FRAMES)
    else:
        write_sound(first, 4)
    builder = CorpusBuilder(CorpusInfo(medium))
    for number in range(NUM_FILES):
        file = first.with_stem(str(number))
        if number:
            shutil.copyfile(first, file)
        group = f"g{number}"
        builder.add_document(f"d{number}", group, None, None, modality=medium, path=file.name)
        for language in ("de", "en"):
            builder.add_query(f"q{number}.{language}", group, language, f"{language} caption of {number}")
        builder.judge_group("train", group)
    return replace(builder.build(), media_root=str(folder))


def build_setting(medium: Medium, folder: Path, steps: int) -> Setting:
    """A tower of the medium in its default size beside a small one of texts, and what it is trained on."""
    corpus = build_corpus(medium, folder)
    captions = corpus.query_texts(np.arange(corpus.queries.num_rows, dtype=np.int32))
    texts = build_transformer_encoder(
        train_subwords(captions, 200, model="bpe"), layers=1, hidden_size=128, heads=4, max_tokens=32
    )
    towers = {"image": build_image_tower, "audio": build_audio_tower}
    tower = (
        build_video_tower(build_image_tower(), num_frames=NUM_FRAMES, pooling="transformer")
        if medium == "video"
        else towers[medium]()
    )
    settings = TrainingSettings(steps=steps, batch_size=BATCH_SIZE[medium], learning_rate=1e-4)
    return Setting(join_towers({"text": texts, medium: tower}), corpus, settings)


def sampler_of(setting: Setting, num_batches: int) -> PairBatchSampler:
    """Draws the batches of a training."""
    return PairBatchSampler(
        training_pairs(setting.corpus), Hybrid(), setting.settings.batch_size, num_batches, seed=0
    )


def bare_steps(setting: Setting) -> list[float]:
    """Seconds of each step of a loop over batches that are made already."""
    model, sampler = copy.deepcopy(setting.model), sampler_of(setting, setting.settings.steps)
    collate = PairCollator(model, sampler)
    batches = [collate(share) for share in sampler]
    optimiser = torch.optim.AdamW(model.parameters(), setting.settings.learning_rate, fused=True)
    model.train()
    clock = Clock()
    clock.on_train_begin()
    for batch in batches:
        queries, documents = (
            model({key[len(side) :]: value for key, value in batch.items() if key.startswith(side)})
            for side in ("query_", "document_")
        )
        scores = queries["sentence_embedding"] @ documents["sentence_embedding"].T / 0.05
        torch.nn.functional.cross_entropy(scores, torch.arange(len(scores))).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        clock.on_step_end()
    return clock.steps


def loading_seconds(setting: Setting, num_workers: int) -> float:
    """Seconds between batches of a loader, once it has started."""
    sampler = sampler_of(setting, 4 * setting.settings.steps)
    loader = torch.utils.data.DataLoader(
        PairBatches(sampler),
        batch_sampler=sampler,
        collate_fn=PairCollator(setting.model, sampler),
        num_workers=num_workers,
    )
    batches = iter(loader)
    for _ in range(num_workers + 1):
        next(batches)
    started = time.perf_counter()
    num_batches = sum(1 for _ in batches)
    return (time.perf_counter() - started) / num_batches


def measure_training(setting: Setting, rounds: int) -> Iterator[str]:
    """Lines on training and on loading."""
    pairs = [(trainer_steps(setting), bare_steps(setting)) for _ in range(rounds)]
    step, bare_step = (statistics.median(np.concatenate(steps)) for steps in zip(*pairs, strict=True))
    yield f"training: {bare_step / step:.2f} of the steps a second of the bare loop"
    own, two = (loading_seconds(setting, number) / bare_step for number in (0, 2))
    yield f"loading a batch: {own:.3f} of the time of a step; with two workers {two:.3f}"


def open_bare(medium: Medium, file: str) -> Any:
    """What a user of the libraries alone would open."""
    if medium == "image":
        return Image.open(file).convert("RGB")
    if medium == "video":
        return np.stack(decode_clip(file))
    return {"array": decode_sound(file), "sampling_rate": HEARD_RATE}


@torch.inference_mode()
def encode_bare(model: Any, medium: Medium, files: Sequence[str]) -> Any:
    """Vectors of files, batch by batch."""
    vectors = []
    for start in range(0, len(files), ENCODED_AT_ONCE):
        opened = [{medium: open_bare(medium, file)} for file in files[start : start + ENCODED_AT_ONCE]]
        vectors.append(model(dict(model.preprocess(opened)))["sentence_embedding"].numpy())
    return np.concatenate(vectors)


def measure_encoding(setting: Setting, medium: Medium, rounds: int) -> str:
    """A line on encoding."""
    model, corpus = setting.model.eval(), setting.corpus
    files = [f"{corpus.media_root}/{path}" for path in corpus.documents["path"].to_pylist()]
    queries, documents = (np.arange(number, dtype=np.int32) for number in (1, len(files)))

    def encode() -> Any:
        return embed(model, corpus, queries, documents, batch_size=ENCODED_AT_ONCE).document_embeddings

    assert np.abs(encode() - encode_bare(model, medium, files)).max() < 1e-2
    share = ratio(encode, lambda: encode_bare(model, medium, files), rounds)
    return f"encoding: {1 / share:.2f} of the files a second of the bare loop"


def measure(medium: Medium, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Lines on a medium."""
    if medium in DECODING:
        yield from DECODING[medium](folder, options.repeats)
    setting = build_setting(medium, folder, options.steps)
    yield from measure_training(setting, options.rounds)
    yield measure_encoding(setting, medium, options.rounds)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    media: list[Medium] = ["image", "video", "audio"]
    parser.add_argument("--medium", choices=media, nargs="+", default=media)
    parser.add_argument("--repeats", type=int, default=10, help="of decoding")
    parser.add_argument("--rounds", type=int, default=2, help="of training and encoding")
    parser.add_argument("--steps", type=int, default=16, help="of each training")
    options = parser.parse_args()
    for medium in options.medium:
        with tempfile.TemporaryDirectory() as folder:
            for line in measure(medium, Path(folder), options):
                print(f"{medium}, {line}", flush=True)


if __name__ == "__main__":
    main()
