"""Entries of data sets of queries and what answers them."""

from __future__ import annotations

from isoglot.corpora.datasets.belebele import read_belebele
from isoglot.corpora.datasets.entry import Dataset
from isoglot.corpora.datasets.hub_answers import read_hub_mlqa, read_hub_tydiqa, read_hub_xquad_r
from isoglot.corpora.datasets.hub_collections import read_hub_belebele, read_hub_miracl
from isoglot.corpora.datasets.mewsli_x import read_mewsli_x
from isoglot.corpora.datasets.miracl import read_miracl
from isoglot.corpora.datasets.mlqa import read_mlqa, read_tydiqa
from isoglot.corpora.datasets.question_answer import read_covid_faq, read_nqg_squad
from isoglot.corpora.datasets.xquad_r import read_mlqa_r, read_xquad_r

QUESTIONS = (
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
        "mlqa-r",
        "Questions and the sentences that answer them, two to four languages each (LAReQA); for evaluation.",
        read_mlqa_r,
        "CC BY-NC 4.0 (the repository); CC BY-SA 3.0 (MLQA)",
        "Roy et al. 2020, LAReQA, arXiv:2004.05484; Lewis et al. 2020, MLQA, arXiv:1910.07475",
        "ar de en es hi vi zh",
        "https://github.com/google-research-datasets/lareqa",
        folders=("mlqa-dev-r",),
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
        folders=("tydiqa-goldp", "tydiqa-goldp-v1.1"),
    ),
    Dataset(
        "miracl",
        "Questions and passages of Wikipedia, each language for itself; large.",
        read_miracl,
        "Apache-2.0",
        "Zhang et al. 2023, MIRACL, TACL, arXiv:2210.09984",
        "ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh",
        "https://github.com/project-miracl/miracl",
        hub="miracl/miracl",
        read_hub=read_hub_miracl,
    ),
    Dataset(
        "belebele",
        "900 questions about 488 passages, parallel in 122 languages; for evaluation.",
        read_belebele,
        "CC BY-SA 4.0",
        "Bandarkar et al. 2024, Belebele, arXiv:2308.16884",
        "en and 121 more",
        "https://github.com/facebookresearch/belebele",
        hub="facebook/belebele",
        read_hub=read_hub_belebele,
    ),
    Dataset(
        "mewsli-x",
        "Mentions in the news in 11 languages and a million entities described in 50; for evaluation.",
        read_mewsli_x,
        "CC BY-SA 3.0 (Wikipedia), CC BY 2.5 (WikiNews)",
        "Ruder et al. 2021, XTREME-R, arXiv:2104.07412",
        "ar de en es fa ja pl ro ta tr uk and more",
        "https://github.com/google-research/google-research/tree/master/dense_representations_for_entity_retrieval",
        folders=("mewsli_x",),
    ),
    Dataset(
        "nqg-squad",
        "English SQuAD sentences with the questions asked of them, lower-cased and tokenised.",
        read_nqg_squad,
        "CC BY-SA 4.0",
        "Du, Shao, Cardie 2017, Learning to Ask; Rajpurkar et al. 2016, SQuAD",
        "en",
        "https://github.com/xinyadu/nqg",
        folders=("nqg-squad-en",),
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
)
