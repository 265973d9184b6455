"""Corruptions: a source and a target of an instance, for models that write."""
