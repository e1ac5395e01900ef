"""Several corpora as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Split, union
from isoglot.corpora.labelled import join_pairs
from isoglot.corpora.negatives import join_negatives
from isoglot.corpora.parallel import NO_GROUP, CorpusInfo, ParallelCorpus, in_one_chunk
from isoglot.errors import CorpusError


def concatenate(name: str, corpora: Iterable[ParallelCorpus]) -> ParallelCorpus:
    """Several corpora as one; ids and groups are prefixed by the corpus' name, so none collide.

    Args:
        name: Name of the whole.
        corpora: The parts, with distinct names.

    Returns:
        One corpus. A split holds the union of the parts' splits of that name, and all their labelled pairs,
        task by task, and hard negatives. It is symmetric if all are.

    Raises:
        CorpusError: If there is none, two have the same name, or a split is by groups in one part and
            explicit in another.
    """
    parts = list(corpora)
    if not parts or len({part.name for part in parts}) < len(parts):
        names = [part.name for part in parts]
        raise CorpusError(f"need one corpus or more, with distinct names; got {names}")
    if len(parts) == 1:
        return parts[0]
    query_offsets = np.cumsum([0] + [part.queries.num_rows for part in parts])
    document_offsets = np.cumsum([0] + [part.documents.num_rows for part in parts])
    group_offsets = np.cumsum([0] + [part.num_groups for part in parts])
    splits: dict[str, Split] = {}
    for split in dict.fromkeys(name for part in parts for name in part.splits):
        have = [index for index, part in enumerate(parts) if split in part.splits]
        splits[split] = _concatenate_splits(
            [parts[i].splits[split] for i in have],
            [(query_offsets[i], document_offsets[i], group_offsets[i]) for i in have],
            split,
        )
    return ParallelCorpus(
        CorpusInfo(
            name,
            licence="; ".join(dict.fromkeys(part.info.licence for part in parts)),
            citation="; ".join(dict.fromkeys(part.info.citation for part in parts)),
            description="Union of " + ", ".join(part.name for part in parts),
            symmetric=all(part.info.symmetric for part in parts),
        ),
        in_one_chunk(pa.concat_tables([_prefixed(part.queries, "query_id", part.name) for part in parts])),
        in_one_chunk(pa.concat_tables([_prefixed(part.documents, "doc_id", part.name) for part in parts])),
        np.concatenate([p.query_groups + np.int32(o) for p, o in zip(parts, group_offsets, strict=False)]),
        np.concatenate(
            [
                np.where(p.document_groups < 0, NO_GROUP, p.document_groups + np.int32(o)).astype(np.int32)
                for p, o in zip(parts, group_offsets, strict=False)
            ]
        ),
        int(group_offsets[-1]),
        splits,
        # Checksums of some of the parts would pass for those of the whole.
        checksums={f"{p.name}/{file}": digest for p in parts for file, digest in p.checksums.items()}
        if all(p.checksums for p in parts)
        else {},
        labelled={
            key: join_pairs(
                [
                    p.labelled[key].shifted(o)
                    for p, o in zip(parts, group_offsets, strict=False)
                    if key in p.labelled
                ]
            )
            for key in dict.fromkeys(key for part in parts for key in part.labelled)
        },
        negatives=join_negatives([(p, int(o)) for p, o in zip(parts, document_offsets, strict=False)]),
    )


def _concatenate_splits(parts: list[Split], offsets: list[tuple[int, int, int]], name: str) -> Split:
    if len({part.groups is None for part in parts}) > 1:
        raise CorpusError(
            f"split {name!r} is by groups in one corpus and explicit in another; join them apart"
        )
    if parts[0].groups is not None:
        groups = [
            part.groups + np.int32(o[2])
            for part, o in zip(parts, offsets, strict=True)
            if part.groups is not None
        ]
        return Split(groups=np.concatenate(groups).astype(np.int32))
    shifted = [
        replace(
            part.judgements,
            query_rows=part.judgements.query_rows + np.int32(query_offset),
            document_rows=part.judgements.document_rows + np.int32(document_offset),
        )
        for part, (query_offset, document_offset, _) in zip(parts, offsets, strict=True)
        if part.judgements is not None
    ]
    return Split(judgements=union(shifted))


def _prefixed(table: pa.Table, id_column: str, prefix: str) -> pa.Table:
    for column in (id_column, "group_id"):
        index = table.column_names.index(column)
        values = pc.binary_join_element_wise(
            pa.scalar(prefix, pa.large_string()), table[column], pa.scalar("/", pa.large_string())
        )
        table = table.set_column(index, column, values)
    return table
