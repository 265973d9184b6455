"""Similar words: made of a corpus, vectors or a lexicon, and looked up for a whole batch at once."""
