"""Tagging: pictures, videos or sounds as queries, and what can be seen or heard in them as documents.

A document is the name of a tag in a language; a group of documents is a tag in all languages. All files are
items without language (`zxx`).
"""

from __future__ import annotations

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.world.building.groups import draw_groups
from isoglot.world.building.media import Rendering, plan_rendering
from isoglot.world.building.options import WorldOptions
from isoglot.world.saying import tag_name
from isoglot.world.scenes.meaning import TAGS, tags


def build_tagging(options: WorldOptions, info: CorpusInfo) -> tuple[ParallelCorpus, list[Rendering]]:
    """The corpus without its files.

    Args:
        options: The corpus.
        info: What it says of itself.

    Returns:
        The corpus, each item judged with its tags, and the files that it needs.

    Raises:
        ConfigError: If there are not so many scenes.
    """
    groups = [group for group in draw_groups(options) if group.split is not None]
    builder = CorpusBuilder(info)
    of_group = {group.code: tags(group.said) for group in groups}
    seen = {tag for found in of_group.values() for tag in found}
    for tag in TAGS:
        for language in options.languages if tag in seen else ():
            builder.add_document(f"{tag}:{language}", tag, language, tag_name(tag, language))
    renderings = []
    for group in groups:
        shown = plan_rendering(group, "item", options)
        renderings.append(shown)
        builder.add_query(group.code, group.code, NO_LANGUAGE, None, modality=group.medium, path=shown.path)
        for tag in of_group[group.code]:
            for language in options.languages:
                builder.judge(group.split or "", group.code, f"{tag}:{language}")
    return builder.build(), renderings
