"""Experiments: a grid of variants, sizes and seeds on one corpus, with one budget and one set of tasks.

    DIR/experiment.json            what is run, on what
    DIR/words/…  vocab/…  data/…   what runs share, made once, by the hash of the settings that make it
    DIR/runs/VARIANT-SIZE-seedN/   the models with their scores
    DIR/failed/…                   why a run failed, until it is done
    DIR/report.html                all runs beside one another, when they are done; results.json, results.csv

``plan`` reads what is compared, ``grid`` says which runs that is and what they share, ``budget`` how long each is
trained, ``running`` does it.
"""
