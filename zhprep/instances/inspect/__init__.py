"""Instances as a reader or a statistician sees them: shown, counted and checked."""
