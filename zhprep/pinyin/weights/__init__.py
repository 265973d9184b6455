"""The weights that read polyphones in context, as plain arrays; ``build.py`` makes them from g2pM's wheel."""
