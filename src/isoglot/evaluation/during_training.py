"""Evaluation as sentence-transformers' trainer calls it; imported only by who trains, as it needs torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentence_transformers.base.evaluation import BaseEvaluator

from isoglot.errors import CorpusError
from isoglot.evaluation.evaluator import evaluate
from isoglot.evaluation.placement import ALL, SETTINGS

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.evaluation.results import Results


class RetrievalEvaluator(BaseEvaluator):
    """The three settings on a corpus, as one of sentence-transformers' evaluators.

    Called with a model it returns `monolingual_AP`, `cross_lingual_AP`, `multilingual_AP`, their mean
    `mean_AP` (the primary metric) and `rank_distance`, macro averages all; a setting that the corpus does not
    have is left out. With a name, each key is prefixed by it and an underscore.

    Args:
        corpus: The corpus.
        split: Which judged queries.
        name: Prefix of the metrics; empty for none.
        primary_metric: What the trainer may choose checkpoints by, without prefix.
        batch_size: Texts per batch; None chooses by the kind of model.

    Attributes:
        history: (epoch, steps, metrics without prefix) of every call.
    """

    def __init__(
        self,
        corpus: ParallelCorpus,
        *,
        split: str = "dev",
        name: str = "",
        primary_metric: str = "mean_AP",
        batch_size: int | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        corpus.split(split)
        self.corpus = corpus
        self.split = split
        self.name = name
        self.batch_size = batch_size
        self.greater_is_better = primary_metric != "rank_distance"
        self._metric = primary_metric
        self.primary_metric = f"{name}_{primary_metric}" if name else primary_metric
        self.history: list[tuple[float, int, dict[str, float]]] = []

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: float = -1, steps: int = -1
    ) -> dict[str, float]:
        """Evaluates a model.

        Args:
            model: The model.
            output_path: Where to write `results.json`, below a folder named by this evaluator; None for
                nowhere.
            epoch: Epoch of training; -1 outside training.
            steps: Steps in it; -1 at its end.

        Returns:
            The metrics.

        Raises:
            CorpusError: If the corpus does not give the primary metric.
        """
        results = evaluate(
            model,
            self.corpus,
            split=self.split,
            measures=["AP"],
            head_depth=0,
            num_resamples=1,
            batch_size=self.batch_size,
        )
        metrics = headline_metrics(results)
        if self._metric not in metrics:
            raise CorpusError(f"{self.corpus.name!r} does not give {self._metric}, only {', '.join(metrics)}")
        self.history.append((epoch, steps, metrics))
        if output_path is not None:
            results.write(Path(output_path) / (self.name or "retrieval") / f"epoch-{epoch}-steps-{steps}")
        named = self.prefix_name_to_metrics(metrics, self.name)
        if hasattr(model, "model_card_data"):
            self.store_metrics_in_model_card_data(model, named, int(epoch), steps)
        return named

    @property
    def description(self) -> str:
        """What model cards call this evaluation."""
        return "Multilingual Retrieval"

    def get_config_dict(self) -> dict[str, Any]:
        """Settings to keep in a model card."""
        return {"corpus": self.corpus.name, "split": self.split}


def headline_metrics(results: Results) -> dict[str, float]:
    """Macro AP of the settings that there are, their mean, and rank distance.

    Args:
        results: Values of one model on one corpus.

    Returns:
        Metric -> value.
    """
    metrics = {}
    for record in results.select(query_language=ALL, document_language=ALL):
        if record.measure == "AP":
            metrics[f"{record.setting}_AP"] = record.value
        elif record.measure == "rank_distance":
            metrics["rank_distance"] = record.value
    settings = [metrics[f"{setting}_AP"] for setting in SETTINGS if f"{setting}_AP" in metrics]
    return {**metrics, "mean_AP": sum(settings) / len(settings)}
