"""What published corpora are, in the words that MTEB's metadata has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ANSWERS = {
    "domains": ["Encyclopaedic", "Written"],
    "task_subtypes": ["Question answering"],
    "annotations_creators": "human-annotated",
    "sample_creation": "human-translated",
    "reference": "https://arxiv.org/abs/2004.05484",
    "bibtex_citation": r"""@inproceedings{roy2020lareqa,
  author = {Roy, Uma and Constant, Noah and Al-Rfou, Rami and Barua, Aditya and Phillips, Aaron
    and Yang, Yinfei},
  booktitle = {Proceedings of EMNLP 2020},
  title = {{LAReQA}: Language-Agnostic Answer Retrieval from a Multilingual Pool},
  year = {2020},
}""",
}
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "xquad-r": {**_ANSWERS, "date": ("2016-06-16", "2020-04-11"), "license": "cc-by-sa-4.0"},
    "mlqa-r": {**_ANSWERS, "date": ("2019-10-16", "2020-04-11"), "license": "cc-by-sa-3.0"},
    "xtd10": {
        "date": ("2014-05-01", "2020-12-09"),
        "domains": ["Scene", "Written"],
        "task_subtypes": ["Image Text Retrieval"],
        "annotations_creators": "human-annotated",
        "sample_creation": "human-translated",
        "reference": "https://arxiv.org/abs/2012.05107",
        "bibtex_citation": r"""@article{aggarwal2020xtd,
  author = {Aggarwal, Pranav and Kale, Ajinkya},
  journal = {arXiv preprint arXiv:2012.05107},
  title = {Towards Zero-shot Cross-lingual Image Retrieval},
  year = {2020},
}""",
    },
}
"""Corpus -> fields of `TaskMetadata`. Dates run from the first source to the publication."""
