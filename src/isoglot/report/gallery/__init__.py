"""A corpus to look at: a page with some of its groups, their pictures, videos, sounds and texts."""

from isoglot.report.gallery.reading import read_corpus_to_show
from isoglot.report.gallery.writing import Gallery, check_target, write_gallery

__all__ = ["Gallery", "check_target", "read_corpus_to_show", "write_gallery"]
