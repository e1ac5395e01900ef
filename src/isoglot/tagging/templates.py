"""Templates: the sentence that a tag's label stands in when its vector is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isoglot.corpora.languages import normalize_language
from isoglot.errors import ConfigError, CorpusError
from isoglot.tagging.vocabulary import Tag

Templates = Mapping[str, tuple[str, ...]]
"""Language -> its templates, such as `a photo of a {label}`; a language without any has the bare label."""

GivenTemplates = Mapping[str, str | tuple[str, ...] | list[str]]
"""The same as a caller may give it: one text or several for each language, in any spelling of its tag."""

LABEL = "{label}"


def check_template(template: str) -> str | None:
    """What is wrong with a template; None if nothing is."""
    if template.count(LABEL) != 1:
        return f"a template must hold {LABEL} once, got {template!r}"
    return None


def checked_templates(given: GivenTemplates | None) -> Templates:
    """Templates as a caller gives them, checked.

    Args:
        given: Language -> templates; None for none.

    Returns:
        The same with languages in canonical spelling.

    Raises:
        ConfigError: If a language is unknown or there twice, has no template, or one without `{label}`; all
            problems at once.
    """
    problems: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    for language, texts in (given or {}).items():
        templates = (texts,) if isinstance(texts, str) else tuple(texts)
        problems += [problem for each in templates if (problem := check_template(each))]
        try:
            spelled = normalize_language(language)
        except CorpusError as error:
            problems.append(str(error))
            continue
        if not templates or spelled in found:
            problems.append(f"templates of {language!r} must be there once, with one at least")
        found[spelled] = templates
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def tag_texts(tag: Tag, language: str, templates: Templates) -> Iterator[str]:
    """What the text encoder reads for a tag in a language that it has: label and gloss in each template.

    Args:
        tag: The tag.
        language: A language in which it has a label.
        templates: The templates.

    Yields:
        One text for each template.
    """
    for template in templates.get(language, (LABEL,)):
        yield template.replace(LABEL, str(tag.labels[language]))
