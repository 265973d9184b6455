"""zhprep: prepare Chinese corpora and make pretraining data."""
