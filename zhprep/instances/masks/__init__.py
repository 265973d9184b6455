"""Masks: which tokens are chosen, how many, and what stands in their places."""
