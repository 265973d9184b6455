"""pkuseg's model, evaluated for whole batches with numpy: the same words, many times as fast.

pkuseg (Luo et al. 2019, arXiv:1906.11455) is a linear-chain CRF over features of characters, pairs of
characters, dictionary words and pairs of words around a character. Its own code looks every feature up as
a string. Here each is a number in a table, the tables are read from disk as they are, and Viterbi runs over all
fragments of a batch together. Sums are made in pkuseg's order, in float64, so that the words are the same.

``convert`` makes the tables, once, from the model that lies in the ``pkuseg`` package.
"""
