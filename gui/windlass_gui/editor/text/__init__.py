"""The document as YAML, and the editor of code that scripts use too."""
