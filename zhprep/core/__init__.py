"""Foundations: errors, registry, config, rng, schema, corpus, shards, executors, report."""
