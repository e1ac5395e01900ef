"""The corpus of scenes as a whole: from options to a folder with its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from isoglot.corpora.folder import read_folder, write_corpus
from isoglot.corpora.manifest import NAME
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.world.building.media import Rendering, render
from isoglot.world.building.options import WorldOptions, WorldTask, resolve_options
from isoglot.world.building.pairs import build_pairs
from isoglot.world.building.questions import build_questions
from isoglot.world.building.retrieval import build_retrieval
from isoglot.world.building.tagging import build_tagging

_BUILDERS: Mapping[
    WorldTask, Callable[[WorldOptions, CorpusInfo], tuple[ParallelCorpus, list[Rendering]]]
] = {
    "retrieval": build_retrieval,
    "questions": build_questions,
    "tagging": build_tagging,
    "pairs": build_pairs,
}
_CONTENTS: Mapping[WorldTask, str] = {
    "retrieval": "Scenes and melodies, said in many languages and shown in several media; each asks for all "
    "others that mean the same, among near misses.",
    "questions": "Questions about scenes and melodies of which one value is unsaid; every description from "
    "which the rest follows answers them.",
    "tagging": "Pictures, videos or sounds, and the names in many languages of what is in them.",
    "pairs": "Pairs of descriptions, labelled as paraphrases, by entailment and by similarity.",
}


def build_world_corpus(
    output_dir: str | Path | None = None,
    *,
    groups: int = 1_000,
    languages: Iterable[str] | None = None,
    modalities: Iterable[str] | None = None,
    task: str = "retrieval",
    seed: int = 0,
    side: int = 64,
    styles: Iterable[str] | None = None,
    held_out_styles: Iterable[str] | None = None,
    near_misses: int = 1,
    sounds: int = 4,
    low_resource: Mapping[str, float] | str | None = None,
    unseen: Iterable[str] | None = None,
    without_pictures: Iterable[str] | None = None,
    text_only: float = 0.0,
    explicit_qrels: bool = False,
    progress: bool = False,
) -> ParallelCorpus:
    """Makes a corpus of scenes: captions in every language, with pictures, videos and sounds.

    Splits are compositional: combinations of values that `dev` and `test` ask for never occur in `train`
    (`isoglot.world.scenes.splits`). Names of languages, media and styles may also be given in one text, with
    commas between.

    Args:
        output_dir: The corpus folder to write, complete or not at all; a corpus folder that is there is
            replaced. None for texts alone: nothing is written.
        groups: How many scenes and melodies, over all splits; near misses come on top.
        languages: Tags to speak, among `isoglot.world.saying.SAID_LANGUAGES`; None for all. Scenes, splits
            and files do not depend on it.
        modalities: Of `text`, `image` (scenes at rest), `video` (scenes that move) and `audio` (melodies),
            text among them; None for all that the task has.
        task: `retrieval` in every direction between languages and media; `questions` that descriptions
            answer; `tagging` of pictures (or, if asked for, videos or sounds); labelled `pairs` for
            paraphrase, entailment and similarity.
        seed: Of everything that is drawn; the same arguments give the same bytes.
        side: Width and height of pictures and videos in pixels.
        styles: How pictures and videos may look (`isoglot.world.rendering.STYLES`); None for all.
        held_out_styles: Styles that training never shows; about half of the pictures and videos of `dev` and
            `test` have one of them.
        near_misses: How many distractors in almost the same words, with their pictures, are added for each
            scene of `dev` and `test`; as far as there are any.
        sounds: How many sounds a melody has among the documents, as there are but 120 melodies.
        low_resource: Language -> share of the training groups in which its text is kept; or a text such as
            `sw:0.1,yo:0.05`. `dev` and `test` are complete in every language.
        unseen: Languages without training text.
        without_pictures: Languages with training text only in groups without picture, video or sound.
        text_only: Share of the training groups that have no picture, video or sound.
        explicit_qrels: Whether every judgement is written as a line, for BEIR tools.
        progress: Whether to show on stderr how far it is.

    Returns:
        The corpus, with the splits `train`, `dev` and `test`; read back from the folder if there is one.

    Raises:
        ConfigError: If an option is out of range, unknown, or contradicts another; if there are not so many
            scenes; if other media than text are asked for without a folder; or a package is missing.
        CorpusError: If the folder is there and is no corpus folder.
    """
    options = resolve_options(
        {
            "groups": groups,
            "languages": languages,
            "modalities": modalities,
            "task": task,
            "seed": seed,
            "side": side,
            "styles": styles,
            "held_out_styles": held_out_styles,
            "near_misses": near_misses,
            "sounds": sounds,
            "low_resource": low_resource,
            "unseen": unseen,
            "without_pictures": without_pictures,
            "text_only": text_only,
        }
    )
    target = None if output_dir is None else Path(output_dir)
    _check_target(target, options)
    corpus, renderings = _make(options, progress)
    if target is None:
        return corpus
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
        _render(renderings, Path(scratch), options.side, progress)
        write_corpus(replace(corpus, media_root=scratch), target, explicit_qrels=explicit_qrels)
    return read_folder(target)


def _check_target(target: Path | None, options: WorldOptions) -> None:
    """Refuses before the work what could not be written after it."""
    if target is None:
        if options.media:
            raise ConfigError(
                f"output_dir must be given for {', '.join(options.media)}, as they are files; or ask for "
                "modalities=['text']; in a configuration, name a folder that `isoglot data build world` wrote"
            )
        return
    if target.exists() and not (target.is_dir() and ((target / NAME).is_file() or not any(target.iterdir()))):
        raise CorpusError(
            f"{target}: is there and is no corpus folder; choose another, or remove it yourself"
        )


def _make(options: WorldOptions, progress: bool) -> tuple[ParallelCorpus, list[Rendering]]:
    from rich.console import Console

    name = "world" if options.task == "retrieval" else f"world-{options.task}"
    described = f"{_CONTENTS[options.task]} Built with {options.describe()}."
    info = CorpusInfo(name, licence="Apache-2.0", description=described, symmetric=options.task == "pairs")
    console = Console(stderr=True)
    with console.status("drawing scenes and saying them") if progress else nullcontext():
        return _BUILDERS[options.task](options, info)


def _render(renderings: Sequence[Rendering], folder: Path, side: int, progress: bool) -> None:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    shown = progress and console.is_terminal
    for each in track(renderings, "drawing", console=console, transient=True, disable=not shown):
        render(each, folder, side=side)
