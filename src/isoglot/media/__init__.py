"""Media: files of pictures, videos and sounds, opened safely; no torch."""

CONVERSIONS = {"image": 1, "video": 1, "audio": 1}
"""Version of what a file of each medium is turned into: raise it wherever the same file gives other pixels or
samples, so that vectors that were kept of them are not used again."""
