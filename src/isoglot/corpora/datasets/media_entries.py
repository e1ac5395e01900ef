"""Entries of data sets of pictures and videos with captions."""

from __future__ import annotations

from isoglot.corpora.datasets.caption_lines import read_multi30k, read_xtd10
from isoglot.corpora.datasets.captioned_images import read_xflickrco, read_xm3600
from isoglot.corpora.datasets.captioned_videos import read_msr_vtt, read_vatex
from isoglot.corpora.datasets.entry import Dataset
from isoglot.corpora.datasets.hub_parallel import read_hub_captions
from isoglot.corpora.datasets.multi_howto100m import read_multi_howto100m
from isoglot.corpora.datasets.photographs import read_multi30k_photographs

MEDIA = (
    Dataset(
        "multi30k",
        "Captions of Flickr30k pictures: English with translations, or independent ones; pictures apart.",
        read_multi30k,
        "non-commercial research and education",
        "Elliott et al. 2016, Multi30K, W16-3210; Elliott et al. 2017; Barrault et al. 2018",
        "cs de en fr",
        "https://github.com/multi30k/dataset",
        symmetric=True,
        hub="bentrevett/multi30k",
        read_hub=read_hub_captions,
        task="bitext",
    ),
    Dataset(
        "multi30k-photographs",
        "Photographs of Flickr8k with their captions in Multi30K, in Multi30K's splits.",
        read_multi30k_photographs,
        "non-commercial research and education; photographs by the terms of Flickr",
        "Elliott et al. 2016, Multi30K, W16-3210; Hodosh, Young, Hockenmaier 2013, Flickr8k, JAIR 47",
        "cs de en fr",
        "https://github.com/multi30k/dataset",
    ),
    Dataset(
        "xtd10",
        "Captions of 1,000 MSCOCO pictures in 11 languages; pictures apart; for evaluation.",
        read_xtd10,
        "Adobe Research License (non-commercial research)",
        "Aggarwal and Kale 2020, arXiv:2012.05107; MIC arXiv:1510.03519; STAIR arXiv:1705.00823",
        "de en es fr it jp ko pl ru tr zh",
        "https://github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10",
        symmetric=True,
        task="bitext",
        folders=("Cross-lingual-Test-Dataset-XTD10",),
    ),
    Dataset(
        "xm3600",
        "Crossmodal-3600: captions of 3,600 pictures in 36 languages; pictures apart; for evaluation.",
        read_xm3600,
        "CC BY 4.0",
        "Thapliyal et al. 2022, Crossmodal-3600, arXiv:2205.12522",
        "ar bn cs da de el en es fa fi fil fr he hi hr hu id it ja ko mi nl no pl pt quz ro ru sv sw te "
        "th tr uk vi zh",
        "https://google.github.io/crossmodal-3600/",
        folders=("crossmodal-3600",),
    ),
    Dataset(
        "xflickr-co",
        "xFlickr&CO of IGLUE: captions of 2,000 pictures in eight languages; pictures apart; for evaluation.",
        read_xflickrco,
        "that of Flickr30K and MSCOCO; captions CC BY 4.0",
        "Bugliarello et al. 2022, IGLUE, arXiv:2201.11732",
        "de en es id ja ru tr zh",
        "https://github.com/e-bug/iglue",
    ),
    Dataset(
        "msr-vtt",
        "MSR-VTT 1k-A: captions of 1,000 videos, with translations where given; videos apart.",
        read_msr_vtt,
        "non-commercial research",
        "Xu et al. 2016, MSR-VTT; Yu, Kim, Kim 2018 (1k-A); Huang et al. 2021, arXiv:2103.08849",
        "cs de en es fr ru sw vi zh",
        "https://github.com/berniebear/Multi-HT100M",
    ),
    Dataset(
        "vatex",
        "VATEX: ten English and ten Chinese captions of each video; videos apart.",
        read_vatex,
        "CC BY 4.0",
        "Wang et al. 2019, VATEX, arXiv:1904.03493",
        "en zh",
        "https://eric-xw.github.io/vatex-website/",
    ),
    Dataset(
        "multi-howto100m",
        "Multi-HowTo100M: what is said in clips of instruction videos, in nine languages; videos apart.",
        read_multi_howto100m,
        "not stated; videos by the terms of YouTube",
        "Huang et al. 2021, arXiv:2103.08849; Miech et al. 2019, HowTo100M, arXiv:1906.03327",
        "cs de en es fr ru sw vi zh",
        "https://github.com/berniebear/Multi-HT100M",
        symmetric=True,
        task="bitext",
    ),
)
