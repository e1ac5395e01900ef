"""Retrieval: every text, picture, video and sound of a scene asks for every other one of it.

Queries and documents are captions in every language, each side in another wording, and renderings without
language (`zxx` as queries), each from another seed. One corpus holds all directions: choose some of them by
the media that it is built with, or read the results of one direction.
"""

from __future__ import annotations

from collections.abc import Mapping

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.world.building.captions import caption_pair
from isoglot.world.building.groups import Group, draw_groups
from isoglot.world.building.media import Rendering, document_uses, plan_rendering
from isoglot.world.building.options import WorldOptions


def build_retrieval(options: WorldOptions, info: CorpusInfo) -> tuple[ParallelCorpus, list[Rendering]]:
    """The corpus without its files.

    Args:
        options: The corpus.
        info: What it says of itself.

    Returns:
        The corpus, judged by group, and the files that it needs.

    Raises:
        ConfigError: If there are not so many scenes.
    """
    groups = draw_groups(options)
    spoken = spoken_groups(options, groups)
    builder = CorpusBuilder(info)
    renderings: list[Rendering] = []
    for group in groups:
        _add_captions(builder, group, options, spoken)
        if group.has_medium:
            renderings += _add_media(builder, group, options)
        if group.split is not None:
            builder.judge_group(group.split, group.code)
    return builder.build(), renderings


def spoken_groups(options: WorldOptions, groups: list[Group]) -> Mapping[str, frozenset[str]]:
    """The groups that each language speaks of.

    Args:
        options: Languages and their levels.
        groups: All groups.

    Returns:
        Language -> ids: all groups but for training groups that its level denies it.
    """
    training = [group.code for group in groups if group.split == "train"]
    illustrated = {group.code for group in groups if group.split == "train" and group.has_medium}
    others = frozenset(group.code for group in groups if group.split != "train")
    return {
        language: others | options.levels.spoken(language, training, illustrated, seed=options.seed)
        for language in options.languages
    }


def _add_captions(
    builder: CorpusBuilder, group: Group, options: WorldOptions, spoken: Mapping[str, frozenset[str]]
) -> None:
    for language in options.languages:
        if group.code in spoken[language]:
            query, document = caption_pair(group.said, language, f"{options.seed}/{group.code}")
            if group.split is not None:
                builder.add_query(f"{group.code}:{language}:q", group.code, language, query)
            builder.add_document(f"{group.code}:{language}:d", group.code, language, document)


def _add_media(builder: CorpusBuilder, group: Group, options: WorldOptions) -> list[Rendering]:
    medium, found = group.medium, []
    if group.split is not None:
        found.append(plan_rendering(group, "query", options))
        name, path = f"{group.code}:{medium}:q", found[0].path
        builder.add_query(name, group.code, NO_LANGUAGE, None, modality=medium, path=path)
    for number, use in enumerate(document_uses(group, options), start=1):
        shown = plan_rendering(group, use, options)
        name = f"{group.code}:{medium}:d" if number == 1 else f"{group.code}:{medium}:d{number}"
        builder.add_document(name, group.code, None, None, modality=medium, path=shown.path)
        found.append(shown)
    return found
