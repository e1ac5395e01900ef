"""Collections with judgements from the hub: Belebele and MIRACL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import wanted_languages
from isoglot.corpora.answers import AnswerPool
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.belebele import add_question
from isoglot.corpora.datasets.hub import choose_hub_splits, hub_place, load_columns, load_rows
from isoglot.corpora.datasets.miracl import Documents, add_passage, passage_of
from isoglot.corpora.fields import records_field, text_field
from isoglot.corpora.languages import normalize_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_BELEBELE_CODES = """
    acm_Arab afr_Latn als_Latn amh_Ethi apc_Arab arb_Arab arb_Latn ars_Arab ary_Arab arz_Arab asm_Beng
    azj_Latn bam_Latn ben_Beng ben_Latn bod_Tibt bul_Cyrl cat_Latn ceb_Latn ces_Latn ckb_Arab dan_Latn
    deu_Latn ell_Grek eng_Latn est_Latn eus_Latn fin_Latn fra_Latn fuv_Latn gaz_Latn grn_Latn guj_Gujr
    hat_Latn hau_Latn heb_Hebr hin_Deva hin_Latn hrv_Latn hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn
    isl_Latn ita_Latn jav_Latn jpn_Jpan kac_Latn kan_Knda kat_Geor kaz_Cyrl kea_Latn khk_Cyrl khm_Khmr
    kin_Latn kir_Cyrl kor_Hang lao_Laoo lin_Latn lit_Latn lug_Latn luo_Latn lvs_Latn mal_Mlym mar_Deva
    mkd_Cyrl mlt_Latn mri_Latn mya_Mymr nld_Latn nob_Latn npi_Deva npi_Latn nso_Latn nya_Latn ory_Orya
    pan_Guru pbt_Arab pes_Arab plt_Latn pol_Latn por_Latn ron_Latn rus_Cyrl shn_Mymr sin_Latn sin_Sinh
    slk_Latn slv_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn
    swh_Latn tam_Taml tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tsn_Latn tso_Latn tur_Latn ukr_Cyrl
    urd_Arab urd_Latn uzn_Latn vie_Latn war_Latn wol_Latn xho_Latn yor_Latn zho_Hans zho_Hant zsm_Latn
    zul_Latn
"""


def read_hub_belebele(
    repo: str, info: CorpusInfo, *, languages: Iterable[str] | None = None
) -> ParallelCorpus:
    """Belebele from configurations named by FLORES code, split `test`; see `read_belebele`.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all 122.

    Returns:
        The corpus, with explicit judgements in the split `test`.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    tags = {normalize_language(code): code for code in _BELEBELE_CODES.split()}
    pool = AnswerPool()
    columns = ("link", "question_number", "flores_passage", "question")
    for language in sorted(wanted_languages(languages, tags)):
        place = hub_place(repo, tags[language], "test")
        rows = load_columns(repo, tags[language], "test", columns)
        for number, row in enumerate(rows, start=1):
            add_question(pool, row, language, f"{place}:{number}", builder)
    pool.write(builder, "test")
    return builder.build()


_MIRACL_LANGUAGES = "ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh"
_MIRACL_WITHOUT_TRAIN = frozenset({"de", "yo"})
"""The surprise languages: development and test sets alone."""
_MIRACL_PASSAGES = "miracl/miracl-corpus"


def read_hub_miracl(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    documents: Documents = "all",
) -> ParallelCorpus:
    """MIRACL from one configuration a language; see `read_miracl`.

    Topics have the columns `query_id`, `query`, `positive_passages` and `negative_passages` (records of
    `docid`, `title`, `text`), as the repository's loading script makes them; the passages are the data set
    `miracl/miracl-corpus`, which is not needed with `documents="judged"`.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all 18.
        splits: `train`, `dev` or both; None reads both.
        documents: Whether the collection is `all` passages or the `judged` ones of those splits.

    Returns:
        The corpus, with explicit judgements (grade 0 included) in those splits.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    chosen = choose_hub_splits(splits, ("train", "dev"))
    for language in sorted(wanted_languages(languages, _MIRACL_LANGUAGES.split())):
        judged: dict[str, tuple[Mapping[str, Any], str]] = {}
        relevant: dict[str, bool] = {}
        for split in chosen:
            if split == "dev" or language not in _MIRACL_WITHOUT_TRAIN:
                _add_topics(repo, language, split, judged, relevant, builder)
        if documents == "judged":
            found: Iterable[tuple[Mapping[str, Any], str]] = judged.values()
        else:
            place = hub_place(_MIRACL_PASSAGES, language, "train")
            rows = load_rows(_MIRACL_PASSAGES, language, "train")
            found = ((row, f"{place}:{number}") for number, row in enumerate(rows, start=1))
        for row, where in found:
            passage = passage_of(row, where, builder)
            if passage is not None:
                add_passage(passage, language, relevant, where, builder)
    return builder.build()


def _add_topics(
    repo: str,
    language: str,
    split: str,
    judged: dict[str, tuple[Mapping[str, Any], str]],
    relevant: dict[str, bool],
    builder: CorpusBuilder,
) -> None:
    """Adds the topics and judgements of a language's split; notes the judged passages."""
    place = hub_place(repo, language, split)
    kinds = (("positive_passages", 1), ("negative_passages", 0))
    rows = load_columns(repo, language, split, ("query_id", "query", *(kind for kind, _ in kinds)))
    for number, row in enumerate(rows, start=1):
        where = f"{place}:{number}"
        published, text = (
            text_field(row, "query_id", where, builder),
            text_field(row, "query", where, builder),
        )
        if published is None or text is None:
            continue
        query_id = f"{language}_{published}"
        builder.add_query(query_id, query_id, language, text, where=where)
        for kind, grade in kinds:
            for passage in records_field(row, kind, where, builder) or ():
                doc_id = f"{language}_{passage.get('docid')}"
                judged.setdefault(doc_id, (passage, where))
                relevant[doc_id] = relevant.get(doc_id, False) or grade > 0
                builder.judge(split, query_id, doc_id, grade, where=where)
