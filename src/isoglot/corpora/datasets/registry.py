"""The data sets that can be read by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoglot.corpora.datasets.hub_answers import read_hub_mlqa, read_hub_tydiqa, read_hub_xquad_r
from isoglot.corpora.datasets.hub_parallel import (
    read_hub_captions,
    read_hub_lines,
    read_hub_mkqa,
    read_hub_pairs,
    read_hub_tatoeba,
    read_hub_tico19,
)
from isoglot.corpora.datasets.mkqa import read_mkqa
from isoglot.corpora.datasets.mlqa import read_mlqa, read_tydiqa
from isoglot.corpora.datasets.parallel_lines import read_multi30k, read_ntrex, read_tatoeba, read_xtd10
from isoglot.corpora.datasets.question_answer import read_covid_faq, read_nqg_squad
from isoglot.corpora.datasets.sentence_pairs import read_paws_x, read_stsb_multi_mt, read_xnli
from isoglot.corpora.datasets.tico19 import read_tico19
from isoglot.corpora.datasets.xquad_r import read_xquad_r
from isoglot.corpora.options import check_options, option_names
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import CorpusError

Reader = Callable[..., ParallelCorpus]


@dataclass(frozen=True)
class Dataset:
    """A published data set and how to read it.

    Attributes:
        name: What it is called here.
        description: One line on what it holds.
        read: Reads its files: `read(source, info, **options)`.
        licence: Licence of the texts.
        citation: The paper.
        languages: Codes as published; for large sets, how many.
        url: Where its files are.
        symmetric: Whether it is made of parallel texts rather than of questions and answers.
        hub: Its name on the Hugging Face hub, if it is there in a form that can be read.
        read_hub: Reads it from there: `read_hub(hub, info, **options)`.
    """

    name: str
    description: str
    read: Reader
    licence: str
    citation: str
    languages: str
    url: str
    symmetric: bool = False
    hub: str | None = None
    read_hub: Reader | None = None

    @property
    def info(self) -> CorpusInfo:
        """What a corpus read from it says of itself."""
        return CorpusInfo(
            self.name,
            licence=self.licence,
            citation=self.citation,
            description=self.description,
            symmetric=self.symmetric,
        )


_DATASETS = (
    Dataset(
        "xquad-r",
        "Questions and the sentences that answer them, 11-way parallel (LAReQA); for evaluation.",
        read_xquad_r,
        "CC BY-SA 4.0",
        "Roy et al. 2020, LAReQA, arXiv:2004.05484; Artetxe et al. 2020, arXiv:1910.11856",
        "ar de el en es hi ru th tr vi zh",
        "https://github.com/google-research-datasets/lareqa",
        hub="google-research-datasets/xquad_r",
        read_hub=read_hub_xquad_r,
    ),
    Dataset(
        "mlqa",
        "Questions and passages across seven languages, joined by question id.",
        read_mlqa,
        "CC BY-SA 3.0",
        "Lewis et al. 2020, MLQA, arXiv:1910.07475",
        "ar de en es hi vi zh",
        "https://github.com/facebookresearch/MLQA",
        hub="facebook/mlqa",
        read_hub=read_hub_mlqa,
    ),
    Dataset(
        "tydiqa",
        "TyDi QA GoldP: questions and passages, each language for itself.",
        read_tydiqa,
        "Apache-2.0",
        "Clark et al. 2020, TyDi QA, arXiv:2003.05002",
        "ar bn en fi id ko ru sw te",
        "https://github.com/google-research-datasets/tydiqa",
        hub="google-research-datasets/tydiqa",
        read_hub=read_hub_tydiqa,
    ),
    Dataset(
        "nqg-squad",
        "English SQuAD sentences with the questions asked of them, lower-cased and tokenised.",
        read_nqg_squad,
        "CC BY-SA 4.0",
        "Du, Shao, Cardie 2017, Learning to Ask; Rajpurkar et al. 2016, SQuAD",
        "en",
        "https://github.com/xinyadu/nqg",
    ),
    Dataset(
        "covid-faq",
        "Questions and answers from official COVID-19 pages, each language for itself.",
        read_covid_faq,
        "Apache-2.0",
        "deepset 2020, COVID-QA",
        "de en it pl sv",
        "https://github.com/deepset-ai/COVID-QA",
    ),
    Dataset(
        "xnli",
        "Parallel sentences in 15 languages: premises and hypotheses of XNLI dev and test.",
        read_xnli,
        "CC BY-NC 4.0",
        "Conneau et al. 2018, XNLI, arXiv:1809.05053",
        "ar bg de el en es fr hi ru sw th tr ur vi zh",
        "https://github.com/facebookresearch/XNLI",
        symmetric=True,
        hub="facebook/xnli",
        read_hub=read_hub_pairs(
            ("premise", "hypothesis"),
            {"dev": "validation", "test": "test"},
            "ar bg de el en es fr hi ru sw th tr ur vi zh",
        ),
    ),
    Dataset(
        "paws-x",
        "Parallel sentences in 7 languages with near-duplicates: PAWS-X dev and test.",
        read_paws_x,
        "free for any purpose, with acknowledgement of Google LLC as the source",
        "Yang et al. 2019, PAWS-X, arXiv:1908.11828",
        "de en es fr ja ko zh",
        "https://github.com/google-research-datasets/paws",
        symmetric=True,
        hub="google-research-datasets/paws-x",
        read_hub=read_hub_pairs(
            ("sentence1", "sentence2"),
            {"dev": "validation", "test": "test"},
            "de en es fr ja ko zh",
            missing="NS",
        ),
    ),
    Dataset(
        "stsb-multi-mt",
        "STS benchmark sentences in English and ten machine translations.",
        read_stsb_multi_mt,
        "that of STSbenchmark (CC BY-SA 4.0)",
        "May 2021, Machine translated multilingual STS benchmark; Cer et al. 2017, arXiv:1708.00055",
        "de en es fr it ja nl pl pt ru zh",
        "https://github.com/PhilipMay/stsb-multi-mt",
        symmetric=True,
        hub="PhilipMay/stsb_multi_mt",
        read_hub=read_hub_pairs(
            ("sentence1", "sentence2"),
            {"train": "train", "dev": "dev", "test": "test"},
            "de en es fr it ja nl pl pt ru zh",
        ),
    ),
    Dataset(
        "ntrex",
        "NTREX-128: 1,997 news sentences, professionally translated from English.",
        read_ntrex,
        "CC BY-SA 4.0",
        "Federmann, Kocmi, Xin 2022, NTREX-128, SUMEval",
        "en and 127 more",
        "https://github.com/MicrosoftTranslator/NTREX",
        symmetric=True,
        hub="mteb/NTREX",
        read_hub=read_hub_lines,
    ),
    Dataset(
        "tico-19",
        "3,071 COVID-19 sentences, professionally translated from English.",
        read_tico19,
        "CC0 1.0",
        "Anastasopoulos et al. 2020, TICO-19, arXiv:2007.01788",
        "en and 35 more",
        "https://github.com/tico-19/tico-19.github.io",
        symmetric=True,
        hub="gmnlp/tico19",
        read_hub=read_hub_tico19,
    ),
    Dataset(
        "mkqa",
        "Parallel open-domain questions; 6,758 of them in 12 languages as re-split by MIA 2022.",
        read_mkqa,
        "CC BY-SA 3.0",
        "Longpre, Lu, Daiber 2021, MKQA, arXiv:2007.15207; Asai et al. 2022, MIA shared task",
        "ar en es fi ja km ko ms ru sv tr zh_cn",
        "https://github.com/mia-workshop/MIA-Shared-Task-2022",
        symmetric=True,
        hub="apple/mkqa",
        read_hub=read_hub_mkqa,
    ),
    Dataset(
        "tatoeba",
        "LASER's similarity-search test set: 112 languages, each paired with English.",
        read_tatoeba,
        "CC BY 2.0 FR",
        "Artetxe and Schwenk 2019, arXiv:1812.10464; tatoeba.org",
        "en and 112 more",
        "https://github.com/facebookresearch/LASER",
        symmetric=True,
        hub="mteb/tatoeba-bitext-mining",
        read_hub=read_hub_tatoeba,
    ),
    Dataset(
        "multi30k",
        "Captions of Flickr30k pictures: English with translations, or independent ones (text only).",
        read_multi30k,
        "non-commercial research and education",
        "Elliott et al. 2016, Multi30K, W16-3210; Elliott et al. 2017; Barrault et al. 2018",
        "cs de en fr",
        "https://github.com/multi30k/dataset",
        symmetric=True,
        hub="bentrevett/multi30k",
        read_hub=read_hub_captions,
    ),
    Dataset(
        "xtd10",
        "Captions of 1,000 MSCOCO pictures in 11 languages (text only); for evaluation.",
        read_xtd10,
        "Adobe Research License (non-commercial research)",
        "Aggarwal and Kale 2020, arXiv:2012.05107; MIC arXiv:1510.03519; STAIR arXiv:1705.00823",
        "de en es fr it jp ko pl ru tr zh",
        "https://github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10",
        symmetric=True,
    ),
)
_BY_NAME = {dataset.name: dataset for dataset in _DATASETS}


def list_datasets() -> tuple[Dataset, ...]:
    """All data sets that can be read by name."""
    return _DATASETS


def find_dataset(name: str) -> Dataset:
    """A data set by name.

    Args:
        name: One of `list_datasets`.

    Returns:
        The data set.

    Raises:
        CorpusError: If there is none of that name; the nearest is named.
    """
    if name not in _BY_NAME:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(_BY_NAME)}"
        raise CorpusError(f"no data set {name!r}; {hint}")
    return _BY_NAME[name]


def read_dataset(
    name: str,
    source: Path | str | None = None,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    **options: Any,
) -> ParallelCorpus:
    """Reads a published data set.

    Args:
        name: One of `list_datasets`.
        source: Folder, archive or file with the data set as it was downloaded; None loads it from the Hugging
            Face hub.
        languages: Tags to keep; None keeps all.
        splits: Splits to keep; None keeps all. Where splits are files of their own, documents of the others
            are not read; elsewhere they stay, as all splits share one collection.
        **options: Those of its reader.

    Returns:
        The corpus.

    Raises:
        CorpusError: If there is no such data set, it is not on the hub, or its files are not as published.
        ConfigError: If the reader has no such option.
    """
    dataset = find_dataset(name)
    read, place = (dataset.read_hub, dataset.hub) if source is None else (dataset.read, Path(source))
    if read is None:
        raise CorpusError(f"{name!r} is not on the hub; download it from {dataset.url} and give its folder")
    check_options(name, read, options)
    asked = {key: value for key, value in (("languages", languages), ("splits", splits)) if value is not None}
    while_reading = {key: value for key, value in asked.items() if key in option_names(read)}
    corpus = read(place, dataset.info, **while_reading, **options)
    afterwards = {key: value for key, value in asked.items() if key not in while_reading}
    return corpus.select(**afterwards) if afterwards else corpus
