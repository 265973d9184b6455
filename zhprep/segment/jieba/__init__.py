"""jieba's accurate mode for a whole batch at once, to the last word and the last tie.

The dictionary as a trie in hash tables (``tables``, ``trie``, ``dictionary``), the most probable path through it
(``sums``, ``paths``), and what the path left single cut again (``unknown``, ``hidden_markov``). All of it is numpy.
``loop`` does the same in one loop over characters, which numba compiles where it is installed (``fast``).
"""
