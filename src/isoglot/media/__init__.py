"""Media: files of pictures, videos and sounds, opened safely; no torch."""
