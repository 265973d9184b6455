"""Layout: from tokenised documents to instances: what stands in which, in which order, with which special tokens."""
