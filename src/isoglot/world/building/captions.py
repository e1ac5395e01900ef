"""The words for a scene: which wording stands on which side of a corpus."""

from __future__ import annotations

from isoglot.world.choosing import number_of
from isoglot.world.saying import kind_of, num_paraphrases, say
from isoglot.world.scenes.scene import Melody, Scene


def caption_pair(said: Scene | Melody, language: str, key: str) -> tuple[str, str]:
    """Two captions in different wordings, for a query and a document.

    Args:
        said: A scene or a melody.
        language: Tag.
        key: Chooses the wordings.

    Returns:
        The query's text and the document's, so that equal texts do not give the answer away.
    """
    number = num_paraphrases(language, kind_of(said))
    of_document = number_of(f"{key}/{language}/document") % number
    step = 1 + number_of(f"{key}/{language}/query") % (number - 1)
    return (
        say(said, language, paraphrase=(of_document + step) % number),
        say(said, language, paraphrase=of_document),
    )
