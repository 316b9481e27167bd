"""Content-addressed files: the folder that holds them and the pull protocol that moves them."""
