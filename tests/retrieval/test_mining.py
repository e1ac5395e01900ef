"""Mining hard negatives against a plain loop over all pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.corpora import CorpusBuilder, CorpusInfo, Judgements, Split
from isoglot.corpora.negatives import add_negatives
from isoglot.corpora.parallel import ParallelCorpus, assemble
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError, CorpusError
from isoglot.retrieval import mining
from isoglot.retrieval.encode import Embeddings
from isoglot.retrieval.mining import mine_hard_negatives
from isoglot.retrieval.mining_rules import MiningRules

LANGUAGES = ("de", "en", "th")


def random_corpus(seed: int, *, by_groups: bool) -> ParallelCorpus:
    """12 groups of queries; documents of these groups, of others and of none, some of them photographs."""
    rng = np.random.default_rng(seed)
    queries, documents = [], []
    for group in range(12):
        for language in rng.choice(LANGUAGES, rng.integers(1, 4), replace=False):
            queries.append((f"q{len(queries)}", f"g{group}", language, "text", "text", None))
    for number in rng.permutation(60):
        group = (None, f"g{rng.integers(0, 12)}", f"h{rng.integers(0, 6)}")[rng.integers(0, 3)]
        photograph = rng.random() < 0.2
        language = None if photograph else LANGUAGES[rng.integers(0, 3)]
        content = ("image", None, "photo.png") if photograph else ("text", "text", None)
        documents.append((f"d{number:02d}", group, language, *content, None))
    names = ("query_id", "group_id", "language", "modality", "text", "path")
    corpus = assemble(
        CorpusInfo("random"),
        pa.table([pa.array(column, pa.string()) for column in zip(*queries, strict=True)], names=names),
        pa.table(
            [pa.array(column, pa.string()) for column in zip(*documents, strict=True)],
            names=("doc_id", *names[1:], "title"),
        ),
    )
    if by_groups:
        return replace(corpus, splits={"train": Split(groups=np.arange(12, dtype=np.int32))})
    pairs = [(q, d) for q in range(len(queries)) for d in rng.choice(60, rng.integers(0, 4), replace=False)]
    judged = np.array(pairs, np.int32).T
    grades = rng.integers(0, 3, len(pairs)).astype(np.int32)
    half = rng.random(len(pairs)) < 0.8
    splits = {
        name: Split(judgements=Judgements.from_pairs(judged[0][part], judged[1][part], grades[part]))
        for name, part in (("train", half), ("dev", ~half))
    }
    return replace(corpus, splits=splits)


def coarse_vectors(corpus: ParallelCorpus, seed: int) -> Embeddings:
    """Vectors of small whole numbers: scores are exact, and many of them tie."""
    rng = np.random.default_rng(seed)
    sizes = (corpus.queries.num_rows, corpus.documents.num_rows)
    query_vectors, document_vectors = (rng.integers(-2, 3, (n, 3)).astype(np.float32) for n in sizes)
    return Embeddings(
        corpus.queries["query_id"].to_pylist(),
        query_vectors,
        corpus.documents["doc_id"].to_pylist(),
        document_vectors,
        "dot",
    )


def plainly(corpus: ParallelCorpus, vectors: Embeddings, rules: MiningRules) -> list[tuple[str, str, float]]:
    """Query, document and margin of every negative, one query after the other, hardest first."""
    queries, documents = corpus.queries.to_pylist(), corpus.documents.to_pylist()
    scores = vectors.query_embeddings @ vectors.document_embeddings.T
    relevant: dict[str, list[int]] = {}
    right: dict[str, set[str]] = {}
    for split in corpus.splits:
        judged = corpus.judgements(split)
        for q, d, grade in zip(judged.pair_query_rows, judged.document_rows, judged.grades, strict=True):
            if grade > 0:
                meaning = documents[d]["group_id"] or "only " + documents[d]["doc_id"]
                right.setdefault(queries[q]["group_id"], set()).add(meaning)
                if split == "train":
                    relevant.setdefault(queries[q]["query_id"], []).append(int(d))
    found = []
    for q, query in enumerate(queries):
        answers = relevant.get(query["query_id"], [])
        wrong = right.get(query["group_id"], set()) | {query["group_id"]}
        candidates = [
            d
            for d, document in enumerate(documents)
            if (document["group_id"] or "only " + document["doc_id"]) not in wrong
            and document["modality"] in {documents[a]["modality"] for a in answers}
        ]
        candidates.sort(key=lambda d: (scores[q, d], documents[d]["doc_id"]), reverse=True)
        pools: dict[tuple[str, str | None], list[int]] = {}
        for d in candidates:
            language = None if rules.languages == "any" else documents[d]["language"]
            own = language is None or language == query["language"]
            other = language is None or language != query["language"]
            if {"own": own, "other": other}.get(rules.languages, True):
                pools.setdefault((documents[d]["modality"], language), []).append(d)
        kept = []
        for (modality, language), pool in pools.items():
            alike = [a for a in answers if documents[a]["modality"] == modality]
            same = [a for a in alike if rules.languages == "any" or documents[a]["language"] == language]
            choose = min if rules.answer == "lowest" else max
            answer = choose(float(scores[q, a]) for a in same or alike)
            good = [
                d
                for d in pool[rules.skip_top :]
                if (rules.margin is None or scores[q, d] <= answer - rules.margin)
                and (
                    rules.relative_margin is None
                    or scores[q, d] <= answer - rules.relative_margin * abs(answer)
                )
                and (rules.max_score is None or scores[q, d] <= rules.max_score)
            ]
            kept += [(d, answer) for d in good[: rules.num_negatives]]
        kept.sort(key=lambda one: (scores[q, one[0]], documents[one[0]]["doc_id"]), reverse=True)
        found += [(query["query_id"], documents[d]["doc_id"], answer - scores[q, d]) for d, answer in kept]
    return found


def named(corpus: ParallelCorpus, mined: mining.Mined) -> list[tuple[str, str, float]]:
    queries = corpus.queries["query_id"].to_pylist()
    documents = corpus.documents["doc_id"].to_pylist()
    rows = zip(mined.negatives.pair_query_rows, mined.negatives.document_rows, mined.margins, strict=True)
    return [(queries[query], documents[document], float(margin)) for query, document, margin in rows]


RULES = st.builds(
    MiningRules,
    num_negatives=st.integers(1, 5),
    skip_top=st.integers(0, 3),
    margin=st.sampled_from((None, 0.0, 1.0, 3.0)),
    relative_margin=st.sampled_from((None, 0.5)),
    max_score=st.sampled_from((None, 0.0, 2.0)),
    answer=st.sampled_from(("lowest", "highest")),
    languages=st.sampled_from(("each", "own", "other", "any")),
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), by_groups=st.booleans(), rules=RULES)
def test_as_a_plain_loop_over_all_pairs(seed: int, by_groups: bool, rules: MiningRules) -> None:
    corpus = random_corpus(seed, by_groups=by_groups)
    vectors = coarse_vectors(corpus, seed)
    wanted = plainly(corpus, vectors, rules)
    if not wanted:
        with pytest.raises(ConfigError, match="no document is a negative for split 'train' of 'random'"):
            mine_hard_negatives(vectors, corpus, rules=rules)
        return
    mined = mine_hard_negatives(vectors, corpus, rules=rules)
    assert named(corpus, mined) == wanted
    add_negatives(corpus, "train", mined.negatives)  # which refuses what is no negative


def test_small_slabs_and_deep_searches_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = random_corpus(1, by_groups=False)
    vectors = coarse_vectors(corpus, 1)
    rules = MiningRules(num_negatives=2, margin=2.0)
    monkeypatch.setattr(mining, "_SPARE", -3)
    monkeypatch.setattr(mining, "_SLAB_CELLS", 6)
    told: list[tuple[int, int]] = []
    mined = mine_hard_negatives(
        vectors, corpus, rules=rules, on_progress=lambda done, total: told.append((done, total))
    )
    assert named(corpus, mined) == plainly(corpus, vectors, rules)
    assert len(told) > 10
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_each_language_gives_as_many_however_much_the_model_favours_one(toy_corpus: ParallelCorpus) -> None:
    """The model puts every English document above every other one."""
    rng = np.random.default_rng(0)
    documents = rng.normal(size=(toy_corpus.documents.num_rows, 8)).astype(np.float32)
    names, codes = toy_corpus.document_languages
    documents[:, 0] = np.where(codes == names.index("en"), 100.0, 0.0)
    queries = rng.normal(size=(toy_corpus.queries.num_rows, 8)).astype(np.float32)
    queries[:, 0] = 1.0
    vectors = Embeddings(
        toy_corpus.queries["query_id"].to_pylist(), queries,
        toy_corpus.documents["doc_id"].to_pylist(), documents, "dot",
    )  # fmt: skip
    pooled = MiningRules(num_negatives=3, relative_margin=None, languages="any")
    tags = np.array(names)[codes]
    mined = mine_hard_negatives(vectors, toy_corpus, rules=pooled)
    assert set(tags[mined.negatives.document_rows]) == {"en"}
    fair = mine_hard_negatives(vectors, toy_corpus, rules=replace(pooled, languages="each"))
    counts = {tag: int((tags[fair.negatives.document_rows] == tag).sum()) for tag in names}
    assert counts == dict.fromkeys(names, 3 * len(fair.query_rows))
    # A margin is below the answer in the negative's own language: English answers set no limit to the others.
    strict = mine_hard_negatives(vectors, toy_corpus, rules=MiningRules(num_negatives=3, margin=1.0))
    with_margin = [int((tags[strict.negatives.document_rows] == tag).sum()) for tag in ("de", "th")]
    assert min(with_margin) > 0.9 * 3 * len(strict.query_rows)
    assert (strict.margins >= 1.0).all()


def test_a_model_is_asked_for_each_text_once(toy_corpus: ParallelCorpus) -> None:
    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    model = build_static_encoder(tokenizer, 8, seed=0)
    mined = mine_hard_negatives(model, toy_corpus, "dev")
    judged = toy_corpus.judgements("dev").query_rows
    assert mined.query_rows.tolist() == judged.tolist()
    assert set(mined.negatives.pair_query_rows) <= set(judged.tolist())
    vectors = model.encode_query(toy_corpus.query_texts(mined.negatives.pair_query_rows))
    documents = model.encode_document(toy_corpus.document_texts(mined.negatives.document_rows))
    np.testing.assert_allclose(mined.negatives.scores, (vectors * documents).sum(axis=1), atol=1e-5)
    assert (mined.margins > 0).all()


def test_shares_by_language_add_up() -> None:
    corpus = random_corpus(3, by_groups=False)
    mined = mine_hard_negatives(coarse_vectors(corpus, 3), corpus, rules=MiningRules(relative_margin=None))
    shares = mined.by_language(corpus)
    assert [(share.modality, share.language) for share in shares] == [
        ("image", None), ("text", "de"), ("text", "en"), ("text", "th")
    ]  # fmt: skip
    lines = named(corpus, mined)
    documents = {row["doc_id"]: row["language"] for row in corpus.documents.to_pylist()}
    for share in shares:
        here = [at for at, line in enumerate(lines) if documents[line[1]] == share.language]
        assert share.num_negatives == len(here)
        assert share.num_queries == len({lines[at][0] for at in here})
        assert share.median_margin == pytest.approx(np.median([lines[at][2] for at in here]))
        assert share.median_score == pytest.approx(np.median(mined.negatives.scores[here]))
    assert mined.num_of_query.sum() == len(lines)
    assert len(mined.num_of_query) == len(np.unique(corpus.judgements("train").relevant().pair_query_rows))


def test_rules_out_of_range_are_named_all_at_once(toy_corpus: ParallelCorpus) -> None:
    rules = MiningRules(num_negatives=0, skip_top=-1, margin=-0.5, max_score=float("nan"))
    with pytest.raises(ConfigError, match="num_negatives must be >= 1, got 0") as caught:
        mine_hard_negatives(coarse_vectors(toy_corpus, 0), toy_corpus, rules=rules)
    assert str(caught.value).split("\n")[1:] == [
        "skip_top must be >= 0, got -1",
        "margin must be a finite number >= 0, got -0.5",
        "max_score must be a finite number, got nan",
    ]
    with pytest.raises(ConfigError, match="languages must be one of each, own, other, any, got 'all'"):
        mine_hard_negatives(
            coarse_vectors(toy_corpus, 0),
            toy_corpus,
            rules=MiningRules(languages="all"),  # type: ignore
        )


def test_rules_that_leave_no_negative_are_refused(toy_corpus: ParallelCorpus) -> None:
    vectors = coarse_vectors(toy_corpus, 0)
    for rules in (MiningRules(margin=1e6), MiningRules(max_score=-1e6)):
        with pytest.raises(ConfigError, match=r"no document is a negative .*; lower the margins, or"):
            mine_hard_negatives(vectors, toy_corpus, rules=rules)
    english = toy_corpus.select(["en"])
    with pytest.raises(ConfigError, match="or in such a language"):
        mine_hard_negatives(vectors, english, rules=MiningRules(languages="other"))


def test_a_split_without_answers_is_refused() -> None:
    builder = CorpusBuilder(CorpusInfo("none"))
    builder.add_query("q", "g", "en", "question")
    builder.add_document("d", None, "en", "answer")
    builder.judge("train", "q", "d", 0, where="here")
    corpus = builder.build()
    with pytest.raises(CorpusError, match="split 'train' of 'none' has no query with an answer"):
        mine_hard_negatives(coarse_vectors(corpus, 0), corpus)
