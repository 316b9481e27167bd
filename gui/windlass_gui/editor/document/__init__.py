"""The document, every edit of it and what its checks find; no view knows more than this."""
