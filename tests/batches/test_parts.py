"""Several corpora at once: parts with schemes, weights and batch sizes of their own."""

from dataclasses import replace

import numpy as np
import pytest

from isoglot.batches import BatchPart, CrossLingual, Hybrid, Monolingual, PairBatchSampler, training_pairs
from isoglot.batches.collation import PairBatches, PairCollator
from isoglot.batches.drawing import BATCH_KINDS
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError


@pytest.fixture(scope="module")
def parts(toy_corpus: ParallelCorpus) -> list[BatchPart]:
    other = toy_corpus.select(languages=["en", "de"])
    other = replace(other, info=replace(other.info, name="other"))
    return [
        BatchPart(training_pairs(toy_corpus), CrossLingual(), 12),
        BatchPart(training_pairs(other), Monolingual(), 6, weight=3.0),
    ]


def test_every_batch_is_of_one_part_with_its_scheme_and_size(parts: list[BatchPart]) -> None:
    shares = list(PairBatchSampler.of_parts(parts, 200, seed=1))
    assert {(share.part, share.batch.kind, len(share.batch)) for share in shares} == {
        (0, "cross_lingual", 12),
        (1, "monolingual", 6),
    }


def test_parts_are_drawn_by_weight(parts: list[BatchPart]) -> None:
    drawn = [share.part for share in PairBatchSampler.of_parts(parts, 2000)]
    # Four standard deviations of a binomial share.
    assert np.mean(drawn) == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 2000))


def test_what_a_part_draws_does_not_depend_on_the_others(parts: list[BatchPart]) -> None:
    both = [share.batch for share in PairBatchSampler.of_parts(parts, 40, seed=5) if share.part == 0]
    alone = [share.batch for share in PairBatchSampler.of_parts(parts[:1], 40, seed=5)]
    one = [share.batch for share in PairBatchSampler(parts[0].pairs, CrossLingual(), 12, 40, seed=5)]
    for batch, first, second in zip(both, alone, one, strict=False):
        assert np.array_equal(batch.document_rows, first.document_rows)
        assert np.array_equal(batch.document_rows, second.document_rows)


def test_parts_are_drawn_anew_in_each_epoch_and_alike_on_every_process(parts: list[BatchPart]) -> None:
    sampler = PairBatchSampler.of_parts(parts, 60, seed=2)
    first = [share.part for share in sampler]
    other = PairBatchSampler.of_parts(parts, 60, seed=2, process=1, num_processes=2)
    assert [share.part for share in other] == first
    assert {len(share) for share in other} == {6, 3}
    sampler.set_epoch(1)
    assert [share.part for share in sampler] != first


def test_a_schedule_counts_the_batches_of_all_parts(parts: list[BatchPart]) -> None:
    scheduled = replace(parts[0], scheme=Hybrid(1.0, final_alpha=0.0, alpha_steps=20))
    shares = list(PairBatchSampler.of_parts([scheduled, parts[1]], 100))
    late = {share.batch.kind for number, share in enumerate(shares) if share.part == 0 and number >= 20}
    assert late == {"cross_lingual"}


def test_codes_of_all_parts_are_in_one_coding(parts: list[BatchPart], toy_corpus: ParallelCorpus) -> None:
    texts = toy_corpus.document_texts(np.arange(toy_corpus.documents.num_rows, dtype=np.int32))
    sampler = PairBatchSampler.of_parts([replace(parts[1], name="named"), parts[0]], 20)
    assert [part.label for part in sampler.parts] == ["named", "toy"]
    assert sampler.languages == ("de", "en", "th")
    collate = PairCollator(build_static_encoder(train_subwords(texts, 300, model="bpe"), 8), sampler)
    assert len(PairBatches(sampler)) == 20 * 12
    for share in sampler:
        batch = collate(share)
        assert batch["drawn"].tolist() == [share.part, BATCH_KINDS.index(share.batch.kind)]
        corpus = sampler.parts[share.part].pairs.corpus
        names = [corpus.query(int(row)).language for row in share.batch.query_rows]
        assert [sampler.languages[code] for code in batch["provenance"][:, 0].tolist()] == names


def test_all_mistakes_are_told_at_once(parts: list[BatchPart]) -> None:
    bad = [replace(parts[0], batch_size=1, weight=0.0), replace(parts[1], num_negatives=2)]
    with pytest.raises(ConfigError, match=r"part 0 \(toy\): batch_size must be >= 2") as caught:
        PairBatchSampler.of_parts(bad, 0)
    message = str(caught.value)
    for problem in (
        "num_batches must be >= 1",
        "weight must be > 0, got 0.0",
        "part 1 (other): corpus 'other'",
    ):
        assert problem in message
    with pytest.raises(ConfigError, match="give one part or more"):
        PairBatchSampler.of_parts([], 3)
