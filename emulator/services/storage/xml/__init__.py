"""The XML API as far as Google's clients use it: objects, signed URLs, multipart uploads."""
