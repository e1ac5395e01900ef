"""Spanish: articles of countries and languages, and their merging with "de" and "a"."""

from __future__ import annotations

from isoglot.world.grammar.rules import Forms, Grammar
from isoglot.world.lexicons import Lexicon


def _with_article(article: str, name: str) -> Forms:
    if article == "el":
        return {"": f"el {name}", "of": f"del {name}", "to": f"al {name}"}
    full = f"{article} {name}" if article else name
    return {"": full, "of": f"de {full}", "to": f"a {full}"}


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """The name with its article, after "de" ("of") and after "a" ("to")."""
    articles = lexicon.tables["articles"]
    return _with_article(next((article for article, codes in articles.items() if code in codes), ""), name)


def language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name with the article, which is masculine for every language."""
    return _with_article("el", name)


GRAMMAR = Grammar({"country": country, "language": language})
