"""Encoding much: fast batches, and a folder of vectors that outlasts a crash."""

from isoglot.encoding.encoder import FastEncoder, fast_adapter, fast_encoder
from isoglot.encoding.encoding import encode
from isoglot.encoding.encodings import Encodings, holds_encodings, read_encoded
from isoglot.encoding.inputs import Inputs, corpus_inputs, text_inputs
from isoglot.encoding.job import EncodingJob, EncodingSettings
from isoglot.encoding.loading import load_model
from isoglot.encoding.reading import read_inputs
from isoglot.encoding.storing import pack, unpack

__all__ = [
    "EncodingJob",
    "EncodingSettings",
    "Encodings",
    "FastEncoder",
    "Inputs",
    "corpus_inputs",
    "encode",
    "fast_adapter",
    "fast_encoder",
    "holds_encodings",
    "load_model",
    "pack",
    "read_encoded",
    "read_inputs",
    "text_inputs",
    "unpack",
]
